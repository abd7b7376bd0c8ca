import * as React from 'react';
import { useLab, useStore } from '../context';
import type { DetailsModel } from '../detailsmodel';
import type { Dataset, Row } from '../documents';
import { relationText } from '../words';
import { DatasetTable, Loaded, Quiet, Section } from './parts';

/** What was derived from this dataset: the Derived datasets that name it as their input. */
export function Results({ details }: { details: DetailsModel }): React.ReactElement {
  const { trans } = useLab();
  const { results } = useStore(details);
  const count = results.state === 'ready' ? results.value.length : undefined;
  return (
    <Section title={trans.__('Results')} count={count}>
      <Loaded part={results} again={() => details.reload('results')}>
        {rows =>
          rows.length ? (
            <DatasetTable label={trans.__('Results')} rows={rows} />
          ) : (
            <Quiet>{trans.__('Nothing was derived from this dataset yet.')}</Quiet>
          )
        }
      </Loaded>
    </Section>
  );
}

/** Where a Derived dataset came from: its inputs, the software and the code. */
export function Origin({ details, dataset }: { details: DetailsModel; dataset: Dataset }): React.ReactElement {
  const { trans } = useLab();
  const { inputs } = useStore(details);
  const { software, code } = dataset;
  return (
    <>
      {dataset.inputs.length > 0 && (
        <Section title={trans.__('Inputs')} count={dataset.inputs.length}>
          {dataset.partial && (
            <Quiet>{trans.__('The record of what was read is incomplete; there may be more inputs.')}</Quiet>
          )}
          <Loaded part={inputs} again={() => void details.load()}>
            {rows => <Inputs dataset={dataset} rows={rows} />}
          </Loaded>
        </Section>
      )}
      {(software.length > 0 || code) && (
        <Section title={trans.__('How it was made')} closed>
          {software.length > 0 && (
            <ul className="jp-Shinecat-keywords" aria-label={trans.__('Software')}>
              {software.map(name => (
                <li key={name}>{name}</li>
              ))}
            </ul>
          )}
          {code && (
            <pre className="jp-Shinecat-code" aria-label={trans.__('Code')}>
              {code}
            </pre>
          )}
        </Section>
      )}
    </>
  );
}

function Inputs({ dataset, rows }: { dataset: Dataset; rows: readonly Row[] }): React.ReactElement {
  const { trans } = useLab();
  const uncertain = (row: Row) => (dataset.uncertainInputs.includes(row.pid) ? trans.__('not certain') : '');
  return <Named label={trans.__('Inputs')} pids={dataset.inputs} rows={rows} note={uncertain} />;
}

/** The versions that this dataset replaces, those that replace it, and what else it names. */
export function Related({ details, dataset }: { details: DetailsModel; dataset: Dataset }): React.ReactElement | null {
  const { trans } = useLab();
  const { related, newer } = useStore(details);
  const later = newer.state === 'ready' ? newer.value : [];
  const { relations } = dataset;
  const pids = relations.map(({ pid }) => pid).filter(pid => !later.some(row => row.pid === pid));
  if (!pids.length && !later.length) {
    return null;
  }
  const note = (row: Row) =>
    later.includes(row)
      ? trans.__('newer version')
      : relations
          .filter(({ pid }) => pid === row.pid)
          .map(({ relation }) => relationText(relation, trans))
          .join(', ');
  return (
    <Section title={trans.__('Related datasets')} count={pids.length + later.length}>
      <Loaded part={related} again={() => void details.load()}>
        {rows => (
          <Named
            label={trans.__('Related datasets')}
            pids={pids}
            rows={[...later, ...rows.filter(({ pid }) => pids.includes(pid))]}
            note={note}
          />
        )}
      </Loaded>
    </Section>
  );
}

/** Datasets that another one names: those that can be seen as a table, the others by their PIDs. */
function Named(props: {
  label: string;
  pids: readonly string[];
  rows: readonly Row[];
  note: (row: Row) => string;
}): React.ReactElement {
  const { trans } = useLab();
  const { label, pids, rows, note } = props;
  const hidden = pids.filter(pid => !rows.some(row => row.pid === pid));
  return (
    <>
      {rows.length > 0 && <DatasetTable label={label} rows={rows} note={note} />}
      {hidden.length > 0 && (
        <>
          <Quiet>{trans.__('Not in this catalog, or not for you to see:')}</Quiet>
          <ul className="jp-Shinecat-plain">
            {hidden.map(pid => (
              <li key={pid}>
                <code>{pid}</code>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
