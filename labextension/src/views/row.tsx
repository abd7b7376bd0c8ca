import { notebookIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { openInNotebook, useLab } from '../context';
import type { Row } from '../documents';
import { formatDay, formatSize, formatTime } from '../format';
import type { Problem } from '../problem';
import { problemText } from '../words';
import { IconButton, TypeBadge } from './parts';

interface Shared {
  index: number;
  active: boolean;
  style: React.CSSProperties;
}

/** One dataset of the list: its name, and below what tells it from its neighbours. */
export function DatasetRow(props: Shared & { row: Row; onActive: (index: number) => void }): React.ReactElement {
  const lab = useLab();
  const { index, active, style, row, onActive } = props;
  return (
    // The keys of a row are the grid's: it handles them for whichever row has the focus.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      role="row"
      aria-rowindex={index + 1}
      tabIndex={active ? 0 : -1}
      className="jp-Shinecat-row"
      style={style}
      data-pid={row.pid}
      onFocus={() => onActive(index)}
      onClick={() => {
        onActive(index);
        lab.model.open(row.pid);
      }}
    >
      <div role="gridcell" className="jp-Shinecat-cell">
        <span className="jp-Shinecat-name" title={row.name}>
          {row.name}
        </span>
        <span className="jp-Shinecat-facts">
          <TypeBadge type={row.type} />
          <span className="jp-Shinecat-group" title={row.group}>
            {row.group}
          </span>
          <span className="jp-Shinecat-size">{formatSize(row.sizeBytes)}</span>
          <span className="jp-Shinecat-date" title={formatTime(row.created)}>
            {formatDay(row.created)}
          </span>
        </span>
      </div>
      <div role="gridcell" className="jp-Shinecat-rowAction">
        <IconButton
          icon={notebookIcon}
          label={lab.trans.__('Open in notebook')}
          tabIndex={-1}
          onClick={event => {
            event.stopPropagation();
            openInNotebook(lab, row.pid);
          }}
        />
      </div>
    </div>
  );
}

/** A row that is on its way, or could not be fetched. */
export function PlaceholderRow(
  props: Shared & { content: 'loading' | Problem | undefined; again: () => void }
): React.ReactElement {
  const { trans } = useLab();
  const { index, active, style, content, again } = props;
  return (
    <div
      role="row"
      aria-rowindex={index + 1}
      tabIndex={active ? 0 : -1}
      className="jp-Shinecat-row jp-mod-placeholder"
      style={style}
    >
      <div role="gridcell" className="jp-Shinecat-cell">
        {typeof content === 'object' ? (
          <>
            <span title={problemText(content, trans)}>{problemText(content, trans)}</span>
            <button type="button" className="jp-Shinecat-link" onClick={again}>
              {trans.__('Try again')}
            </button>
          </>
        ) : (
          <span className="jp-Shinecat-bar" aria-label={trans.__('Loading…')} />
        )}
      </div>
    </div>
  );
}
