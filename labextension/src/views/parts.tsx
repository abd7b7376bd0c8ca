import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { useLab } from '../context';
import type { Part } from '../detailsmodel';
import type { Row } from '../documents';
import { formatDay, formatSize, formatTime } from '../format';
import type { Problem } from '../problem';
import { problemText, typeText } from '../words';

/** Why something could not be shown, and what to do: a sentence and a button, never an empty place. */
export function Trouble({ problem, again }: { problem: Problem; again: () => void }): React.ReactElement {
  const { trans, signInUrl } = useLab();
  return (
    <div className="jp-Shinecat-trouble" role="alert">
      <p>{problemText(problem, trans)}</p>
      <p className="jp-Shinecat-actions">
        {problem.kind === 'login' && signInUrl && (
          <a className="jp-Shinecat-link" href={signInUrl} target="_blank" rel="noreferrer">
            {trans.__('Sign in to the hub again')}
          </a>
        )}
        <button type="button" className="jp-Shinecat-button" onClick={again}>
          {trans.__('Try again')}
        </button>
      </p>
    </div>
  );
}

export function Quiet({ children }: React.PropsWithChildren): React.ReactElement {
  return <p className="jp-Shinecat-quiet">{children}</p>;
}

/** A part of a page: its content, that it is loading, or why it failed. */
export function Loaded<T>(props: {
  part: Part<T>;
  again: () => void;
  children: (value: T) => React.ReactNode;
}): React.ReactElement {
  const { trans } = useLab();
  const { part, again, children } = props;
  switch (part.state) {
    case 'loading':
      return <Quiet>{trans.__('Loading…')}</Quiet>;
    case 'failed':
      return <Trouble problem={part.problem} again={again} />;
    case 'ready':
      return <>{children(part.value)}</>;
  }
}

export function TypeBadge({ type }: { type: string }): React.ReactElement | null {
  const { trans } = useLab();
  if (!type) {
    return null;
  }
  return (
    <span className="jp-Shinecat-badge" data-type={type}>
      {typeText(type, trans)}
    </span>
  );
}

export function IconButton(props: {
  icon: LabIcon;
  label: string;
  onClick: (event: React.MouseEvent) => void;
  tabIndex?: number;
}): React.ReactElement {
  const { icon, label, onClick, tabIndex } = props;
  return (
    <button
      type="button"
      className="jp-Shinecat-iconButton"
      title={label}
      aria-label={label}
      onClick={onClick}
      tabIndex={tabIndex}
    >
      <icon.react tag="span" aria-hidden="true" />
    </button>
  );
}

/** A section of a dataset's page that can be folded away. */
export function Section(props: React.PropsWithChildren<{ title: string; count?: number; closed?: boolean }>): React.ReactElement {
  const { title, count, closed, children } = props;
  return (
    <details className="jp-Shinecat-section" open={!closed}>
      <summary>
        <h3>{title}</h3>
        {count !== undefined && <span className="jp-Shinecat-count">{count}</span>}
      </summary>
      <div className="jp-Shinecat-sectionBody">{children}</div>
    </details>
  );
}

/** Other datasets as a table whose names lead to them. */
export function DatasetTable(props: {
  label: string;
  rows: readonly Row[];
  note?: (row: Row) => string;
}): React.ReactElement {
  const { trans, model } = useLab();
  const { label, rows, note } = props;
  return (
    <table className="jp-Shinecat-table" aria-label={label}>
      <thead>
        <tr>
          <th scope="col">{trans.__('Name')}</th>
          <th scope="col">{trans.__('Size')}</th>
          <th scope="col">{trans.__('Created')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(row => (
          <tr key={row.pid} data-pid={row.pid}>
            <td title={row.name}>
              <button type="button" className="jp-Shinecat-link" onClick={() => model.open(row.pid)}>
                {row.name}
              </button>
              {note?.(row) && <span className="jp-Shinecat-note">{note(row)}</span>}
            </td>
            <td className="jp-Shinecat-number">{formatSize(row.sizeBytes)}</td>
            <td className="jp-Shinecat-number" title={formatTime(row.created)}>
              {formatDay(row.created)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
