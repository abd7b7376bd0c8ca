import * as React from 'react';
import { useLab, useStore } from '../context';
import { asProblem } from '../problem';
import type { OutboxEntry } from '../reports';
import { problemText, stateText } from '../words';

/** The line at the foot: who is signed in, and the results that are not in the catalog yet. */
export function Outbox(): React.ReactElement {
  const { model, trans } = useLab();
  const { status, pending } = useStore(model);
  const [open, setOpen] = React.useState(false);
  const failed = pending.filter(entry => entry.state === 'failed').length;
  const waiting = pending.length - failed;
  const parts = [
    waiting > 0 ? trans.__('%1 waiting', waiting) : '',
    failed > 0 ? trans.__('%1 failed', failed) : ''
  ].filter(Boolean);
  return (
    <div className="jp-Shinecat-foot">
      {open && pending.length > 0 && (
        <ul className="jp-Shinecat-outbox" aria-label={trans.__('Results on their way')}>
          {pending.map(entry => (
            <Entry key={entry.key} entry={entry} />
          ))}
        </ul>
      )}
      <div className="jp-Shinecat-statusLine">
        <span className="jp-Shinecat-user" data-ok={status?.catalogOk} title={status?.catalogMessage ?? ''}>
          {status ? status.user || trans.__('this computer') : ''}
        </span>
        {pending.length > 0 && (
          <button
            type="button"
            className="jp-Shinecat-link"
            aria-expanded={open}
            data-failed={failed > 0}
            onClick={() => setOpen(!open)}
          >
            {trans.__('Results: %1', parts.join(', '))}
          </button>
        )}
      </div>
    </div>
  );
}

function Entry({ entry }: { entry: OutboxEntry }): React.ReactElement {
  const { model, trans } = useLab();
  const [trouble, setTrouble] = React.useState('');
  const attempt = (action: Promise<void>) => {
    setTrouble('');
    action.catch((error: unknown) => setTrouble(problemText(asProblem(error), trans)));
  };
  return (
    <li className="jp-Shinecat-entry">
      <span className="jp-Shinecat-name" title={entry.name}>
        {entry.name}
      </span>
      <span className="jp-Shinecat-badge" data-type={entry.state}>
        {stateText(entry.state, trans)}
      </span>
      {(entry.reason || entry.advice || trouble) && (
        <p>{[trouble, entry.reason, entry.advice].filter(Boolean).join(' ')}</p>
      )}
      <span className="jp-Shinecat-actions">
        {entry.choices.map(group => (
          <button
            type="button"
            key={group}
            className="jp-Shinecat-link"
            onClick={() => attempt(model.release(entry.key, group))}
          >
            {trans.__('Owned by %1', group)}
          </button>
        ))}
        {entry.choices.length > 0 ? null : entry.asks ? (
          <button type="button" className="jp-Shinecat-link" onClick={() => attempt(model.release(entry.key))}>
            {trans.__('Send')}
          </button>
        ) : (
          <button type="button" className="jp-Shinecat-link" onClick={() => attempt(model.retry(entry.key))}>
            {trans.__('Retry')}
          </button>
        )}
        <button type="button" className="jp-Shinecat-link" onClick={() => attempt(model.withdraw(entry.key))}>
          {trans.__('Withdraw')}
        </button>
      </span>
    </li>
  );
}
