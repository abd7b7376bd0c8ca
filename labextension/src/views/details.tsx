import { caretLeftIcon, copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { CommandIDs } from '../commands';
import { openInNotebook, useLab, useStore } from '../context';
import type { DetailsModel } from '../detailsmodel';
import type { Dataset } from '../documents';
import { formatSize, formatTime } from '../format';
import { Figures, Files } from './files';
import { Metadata } from './metadata';
import { Origin, Related, Results } from './lineage';
import { IconButton, Loaded, TypeBadge } from './parts';

/** A dataset's page. */
export function Details({ details }: { details: DetailsModel }): React.ReactElement {
  const { model, trans } = useLab();
  const { dataset } = useStore(details);
  const back = React.useRef<HTMLButtonElement>(null);
  React.useEffect(() => back.current?.focus(), []);
  return (
    <div
      className="jp-Shinecat-details"
      role="presentation"
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          model.back();
        }
      }}
    >
      <div className="jp-Shinecat-detailsBar">
        <button type="button" ref={back} data-back className="jp-Shinecat-back" onClick={() => model.back()}>
          <caretLeftIcon.react tag="span" aria-hidden="true" />
          {trans.__('Back')}
        </button>
      </div>
      <div className="jp-Shinecat-body jp-Shinecat-page">
        <Loaded part={dataset} again={() => void details.load()}>
          {value => <Page details={details} dataset={value} />}
        </Loaded>
      </div>
    </div>
  );
}

function Page({ details, dataset }: { details: DetailsModel; dataset: Dataset }): React.ReactElement {
  const lab = useLab();
  const { trans } = lab;
  return (
    <article aria-label={dataset.name}>
      <header className="jp-Shinecat-title">
        <h2>{dataset.name}</h2>
        {dataset.description && <p className="jp-Shinecat-description">{dataset.description}</p>}
        {dataset.keywords.length > 0 && (
          <ul className="jp-Shinecat-keywords" aria-label={trans.__('Keywords')}>
            {dataset.keywords.map(keyword => (
              <li key={keyword}>{keyword}</li>
            ))}
          </ul>
        )}
        <button type="button" className="jp-Shinecat-primary" onClick={() => openInNotebook(lab, dataset.pid)}>
          {trans.__('Open in notebook')}
        </button>
      </header>
      <Facts dataset={dataset} />
      <Related details={details} dataset={dataset} />
      <Origin details={details} dataset={dataset} />
      <Results details={details} />
      <Figures details={details} />
      <Metadata metadata={dataset.metadata} />
      <Files details={details} />
    </article>
  );
}

function Facts({ dataset }: { dataset: Dataset }): React.ReactElement {
  const { trans, commands } = useLab();
  const { pid } = dataset;
  const folder = dataset.host ? `${dataset.host}:${dataset.sourceFolder}` : dataset.sourceFolder;
  const facts: [string, React.ReactNode][] = [
    [trans.__('Type'), <TypeBadge key="type" type={dataset.type} />],
    [
      trans.__('PID'),
      <span key="pid" className="jp-Shinecat-pid">
        <code>{pid}</code>
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy PID')}
          onClick={() => void commands.execute(CommandIDs.copyPid, { pid })}
        />
      </span>
    ],
    [trans.__('Owner group'), dataset.group],
    [trans.__('Access groups'), dataset.accessGroups.join(', ')],
    [trans.__('Owner'), dataset.owner],
    [trans.__('Proposal'), dataset.proposals.join(', ')],
    [trans.__('Sample'), dataset.samples.join(', ')],
    [trans.__('Created'), formatTime(dataset.created)],
    [trans.__('Size'), formatSize(dataset.sizeBytes)],
    [trans.__('Source folder'), folder && <code key="folder">{folder}</code>]
  ];
  return (
    <dl className="jp-Shinecat-properties">
      {facts
        .filter(([, value]) => value)
        .map(([label, value]) => (
          <React.Fragment key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}
