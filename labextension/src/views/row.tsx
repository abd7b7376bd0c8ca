import { notebookIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { openInNotebook, useLab } from '../context';
import type { Row } from '../documents';
import { formatDay, formatSize, formatTime } from '../format';
import type { Problem } from '../problem';
import { problemText } from '../words';
import { IconButton, TypeBadge } from './parts';

export type RowContent = Row | Problem | 'loading' | undefined;

export function isRow(content: RowContent): content is Row {
  return typeof content === 'object' && 'pid' in content;
}

/**
 * A line of the list: a dataset, or that it is on its way, or why it could not be fetched.
 *
 * One element for all of these, so that the focus stays on it when the dataset arrives.
 */
export function GridRow(props: {
  index: number;
  active: boolean;
  style: React.CSSProperties;
  content: RowContent;
  onActive: (index: number) => void;
  again: () => void;
}): React.ReactElement {
  const { model } = useLab();
  const { index, active, style, content, onActive, again } = props;
  const pid = isRow(content) ? content.pid : undefined;
  return (
    // The keys of a row are the grid's: it handles them for whichever row has the focus.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      role="row"
      aria-rowindex={index + 1}
      tabIndex={active ? 0 : -1}
      className="jp-Shinecat-row"
      style={style}
      data-pid={pid}
      onFocus={() => onActive(index)}
      onClick={() => {
        onActive(index);
        if (pid !== undefined) {
          model.open(pid);
        }
      }}
    >
      {isRow(content) ? <DatasetCells row={content} /> : <WaitingCell content={content} again={again} />}
    </div>
  );
}

/** The name of a dataset, and below it what tells it from its neighbours. */
function DatasetCells({ row }: { row: Row }): React.ReactElement {
  const lab = useLab();
  return (
    <>
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
    </>
  );
}

function WaitingCell(props: { content: Problem | 'loading' | undefined; again: () => void }): React.ReactElement {
  const { trans } = useLab();
  const { content, again } = props;
  return (
    <div role="gridcell" className="jp-Shinecat-cell">
      {typeof content === 'object' ? (
        <>
          <span className="jp-Shinecat-name" title={problemText(content, trans)}>
            {problemText(content, trans)}
          </span>
          <button type="button" className="jp-Shinecat-link" tabIndex={-1} onClick={again}>
            {trans.__('Try again')}
          </button>
        </>
      ) : (
        <span className="jp-Shinecat-bar" role="img" aria-label={trans.__('Loading…')} />
      )}
    </div>
  );
}
