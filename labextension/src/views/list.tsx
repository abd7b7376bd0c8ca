import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';
import { openInNotebook, useLab, useStore } from '../context';
import { PAGE_ROWS } from '../listmodel';
import { EVERYTHING } from '../query';
import { Quiet, Trouble } from './parts';
import { GridRow, isRow } from './row';

const ROW_HEIGHT_PX = 46;
// Browsers end at some 30 million pixels of height.
const MAX_ROWS = 500_000;

/** The datasets that match, or why there are none. */
export function List(): React.ReactElement {
  const { model, trans } = useLab();
  const { phase, problem, rows, query } = useStore(model.list);
  if (problem) {
    return (
      <div className="jp-Shinecat-body">
        <Trouble problem={problem} again={() => model.reload()} />
        {problem.position !== undefined && <Place text={query.text} position={problem.position} />}
      </div>
    );
  }
  if (phase === 'new') {
    return (
      <div className="jp-Shinecat-body" aria-busy="true">
        <Quiet>{trans.__('Loading…')}</Quiet>
      </div>
    );
  }
  if (rows === 0) {
    const narrowed = query.text.trim() || query.type !== null || query.group !== null;
    return (
      <div className="jp-Shinecat-body jp-Shinecat-empty" aria-busy={phase === 'loading'}>
        <Quiet>
          {narrowed
            ? trans.__('No dataset matches.')
            : trans.__('There is no dataset here that you may see. New ones appear when they are catalogued.')}
        </Quiet>
        {narrowed && (
          <button type="button" className="jp-Shinecat-button" onClick={() => void model.list.narrow(EVERYTHING)}>
            {trans.__('Show all datasets')}
          </button>
        )}
      </div>
    );
  }
  return <Grid />;
}

/** The text of the search box with a mark where it can't be understood. */
function Place({ text, position }: { text: string; position: number }): React.ReactElement {
  const at = Math.min(position, text.length);
  return (
    <pre className="jp-Shinecat-place">
      {text.slice(0, at)}
      <mark>{text.slice(at, at + 1) || ' '}</mark>
      {text.slice(at + 1)}
    </pre>
  );
}

function Grid(): React.ReactElement {
  const lab = useLab();
  const { model, trans } = lab;
  const { list } = model;
  const { rows, phase, pages, generation } = useStore(list);
  const count = Math.min(rows, MAX_ROWS);
  const scroller = React.useRef<HTMLDivElement>(null);
  const [active, setActive] = React.useState(Math.min(list.activeIndex, count - 1));
  const [focusWanted, setFocusWanted] = React.useState(list.focusOnReturn);

  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT_PX,
    overscan: 6,
    initialOffset: list.scrollOffset,
    onChange: instance => {
      list.scrollOffset = instance.scrollOffset ?? 0;
    }
  });
  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;

  React.useEffect(() => list.need(first, last), [list, first, last, phase, pages]);

  // A new query starts at the top; the first run of this effect is a return to where the reader was.
  const shownGeneration = React.useRef(generation);
  React.useEffect(() => {
    if (shownGeneration.current !== generation) {
      shownGeneration.current = generation;
      virtualizer.scrollToOffset(0);
      setActive(0);
    }
  }, [generation, virtualizer]);

  React.useEffect(() => {
    list.activeIndex = active;
    list.focusOnReturn = false;
    if (focusWanted) {
      const row = scroller.current?.querySelector<HTMLElement>(`[aria-rowindex="${active + 1}"]`);
      if (row) {
        row.focus();
        setFocusWanted(false);
      }
    }
  }, [list, active, focusWanted, first, last]);

  const move = (to: number) => {
    const index = Math.max(0, Math.min(count - 1, to));
    virtualizer.scrollToIndex(index);
    setActive(index);
    setFocusWanted(true);
  };

  const onKeyDown = (event: React.KeyboardEvent) => {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT_PX) - 1);
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: count - 1
    };
    const to = steps[event.key];
    const row = list.row(active);
    if (to !== undefined) {
      move(to);
    } else if (event.key === 'Enter' && isRow(row)) {
      if (event.ctrlKey || event.metaKey) {
        openInNotebook(lab, row.pid);
      } else {
        model.open(row.pid);
      }
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div className="jp-Shinecat-body jp-Shinecat-scroller" ref={scroller} data-phase={phase}>
      <div
        role="grid"
        aria-label={trans.__('Datasets')}
        aria-rowcount={rows}
        aria-busy={phase === 'loading'}
        tabIndex={-1}
        onKeyDown={onKeyDown}
        className="jp-Shinecat-grid"
        style={{ height: virtualizer.getTotalSize() }}
      >
        {items.map(item => (
          <GridRow
            key={item.key}
            index={item.index}
            active={item.index === active}
            style={{ height: item.size, transform: `translateY(${item.start}px)` }}
            content={list.row(item.index)}
            onActive={setActive}
            again={() => list.retryPage(Math.floor(item.index / PAGE_ROWS))}
          />
        ))}
      </div>
    </div>
  );
}
