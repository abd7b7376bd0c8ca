import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { useLab } from '../context';
import { firstOpen, Node, visibleNodes } from '../metadata';
import { Quiet, Section } from './parts';

const FIRST_LINES = 40;
const FILTER_FROM_LINES = 12;

/** The scientific metadata: a tree of quantities. Everything in it is somebody's text and shown as text. */
export function Metadata({ metadata }: { metadata: Readonly<Record<string, unknown>> }): React.ReactElement {
  const { trans } = useLab();
  const [open, setOpen] = React.useState(() => firstOpen(metadata, FIRST_LINES));
  const [filter, setFilter] = React.useState('');
  const nodes = visibleNodes(metadata, open, filter);
  const toggle = (node: Node, expand: boolean) => {
    const next = new Set(open);
    if (expand) {
      next.add(node.id);
    } else {
      next.delete(node.id);
    }
    setOpen(next);
  };
  const empty = Object.keys(metadata).length === 0;
  return (
    <Section title={trans.__('Metadata')}>
      {!empty && (filter || nodes.length >= FILTER_FROM_LINES) && (
        <input
          type="text"
          className="jp-Shinecat-filter"
          value={filter}
          placeholder={trans.__('Filter metadata')}
          aria-label={trans.__('Filter metadata')}
          spellCheck={false}
          onChange={event => setFilter(event.target.value)}
        />
      )}
      {nodes.length ? (
        <Tree nodes={nodes} toggle={toggle} />
      ) : (
        <Quiet>{empty ? trans.__('No metadata.') : trans.__('No metadata matches.')}</Quiet>
      )}
    </Section>
  );
}

function Tree(props: { nodes: readonly Node[]; toggle: (node: Node, expand: boolean) => void }): React.ReactElement {
  const { trans } = useLab();
  const { nodes, toggle } = props;
  const root = React.useRef<HTMLDivElement>(null);
  const [active, setActive] = React.useState<string | null>(null);
  const found = nodes.findIndex(node => node.id === active);
  const index = Math.max(0, found);
  const current = nodes[index];

  const focus = (to: number) => {
    const target = nodes[Math.max(0, Math.min(nodes.length - 1, to))];
    if (target) {
      setActive(target.id);
      root.current?.querySelector<HTMLElement>(`[data-line="${nodes.indexOf(target)}"]`)?.focus();
    }
  };

  const onKeyDown = (event: React.KeyboardEvent) => {
    if (!current) {
      return;
    }
    switch (event.key) {
      case 'ArrowDown':
        focus(index + 1);
        break;
      case 'ArrowUp':
        focus(index - 1);
        break;
      case 'Home':
        focus(0);
        break;
      case 'End':
        focus(nodes.length - 1);
        break;
      case 'ArrowRight':
        if (current.expandable && !current.expanded) {
          toggle(current, true);
        } else if (current.expanded) {
          focus(index + 1);
        }
        break;
      case 'ArrowLeft':
        if (current.expanded) {
          toggle(current, false);
        } else if (current.parent !== null) {
          focus(nodes.findIndex(node => node.id === current.parent));
        }
        break;
      case 'Enter':
      case ' ':
        if (current.expandable) {
          toggle(current, !current.expanded);
        }
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div role="tree" aria-label={trans.__('Metadata')} className="jp-Shinecat-tree" tabIndex={-1} ref={root} onKeyDown={onKeyDown}>
      {nodes.map((node, line) => (
        // The keys of a line are the tree's.
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events
        <div
          key={node.id}
          role="treeitem"
          aria-level={node.level}
          aria-posinset={node.position}
          aria-setsize={node.siblings}
          aria-expanded={node.expandable ? node.expanded : undefined}
          aria-selected={line === index}
          tabIndex={line === index ? 0 : -1}
          data-line={line}
          className="jp-Shinecat-node"
          style={{ paddingLeft: `${Math.min(node.level - 1, 12) * 12}px` }}
          onFocus={() => setActive(node.id)}
          onClick={() => node.expandable && toggle(node, !node.expanded)}
        >
          <span className="jp-Shinecat-caret" aria-hidden="true">
            {node.expandable && (node.expanded ? <caretDownIcon.react tag="span" /> : <caretRightIcon.react tag="span" />)}
          </span>
          <span className="jp-Shinecat-key" title={node.key}>
            {node.key}
          </span>
          <span className="jp-Shinecat-value" title={node.si ? trans.__('%1 (SI)', node.si) : node.text}>
            {node.text}
          </span>
        </div>
      ))}
    </div>
  );
}
