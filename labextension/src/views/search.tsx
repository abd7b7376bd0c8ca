import { refreshIcon, searchIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { useLab, useStore } from '../context';
import type { Count } from '../documents';
import { formatCount } from '../format';
import { typeText } from '../words';
import { IconButton } from './parts';

const USUAL_TYPES = ['raw', 'derived'];

/** The search box, the filters with their counts, and how many datasets there are. */
export function Search(): React.ReactElement {
  const { model, trans } = useLab();
  const { query, facets, phase, rows, problem } = useStore(model.list);
  const found = facets.total ?? rows;
  const number = found === 1 ? trans.__('1 dataset') : trans.__('%1 datasets', formatCount(found));
  return (
    <div className="jp-Shinecat-head">
      <form
        role="search"
        className="jp-Shinecat-searchRow"
        onSubmit={event => {
          event.preventDefault();
          void model.list.submit();
        }}
      >
        <div className="jp-Shinecat-search">
          <searchIcon.react tag="span" aria-hidden="true" />
          <input
            type="search"
            value={query.text}
            placeholder={trans.__('Search datasets')}
            aria-label={trans.__('Search datasets')}
            aria-invalid={problem?.position !== undefined}
            title={trans.__('Words, type:raw, group:GET, and conditions at the end: photon_energy > 9 keV and run = 12')}
            spellCheck={false}
            onChange={event => model.list.type(event.target.value)}
          />
        </div>
        <IconButton icon={refreshIcon} label={trans.__('Refresh')} onClick={() => model.reload()} />
      </form>
      <Types counts={facets.types} />
      <div className="jp-Shinecat-filterRow">
        <Groups counts={facets.groups} />
        <span className="jp-Shinecat-found" role="status">
          {phase === 'ready' || phase === 'loading' ? number : ''}
        </span>
      </div>
    </div>
  );
}

function Types({ counts }: { counts: readonly Count[] }): React.ReactElement {
  const { model, trans } = useLab();
  const { query } = useStore(model.list);
  const others = counts.map(entry => entry.value).filter(type => !USUAL_TYPES.includes(type));
  const all = counts.reduce((sum, entry) => sum + entry.count, 0);
  const segment = (type: string | null, label: string, count: number) => (
    <button
      key={label}
      type="button"
      className="jp-Shinecat-segment"
      aria-pressed={query.type === type}
      onClick={() => void model.list.narrow({ type })}
    >
      {label} <span className="jp-Shinecat-count">{counts.length ? formatCount(count) : ''}</span>
    </button>
  );
  return (
    <div className="jp-Shinecat-segments" role="group" aria-label={trans.__('Type')}>
      {segment(null, trans.__('all'), all)}
      {[...USUAL_TYPES, ...others].map(type =>
        segment(type, typeText(type, trans), counts.find(entry => entry.value === type)?.count ?? 0)
      )}
    </div>
  );
}

function Groups({ counts }: { counts: readonly Count[] }): React.ReactElement {
  const { model, trans } = useLab();
  const { query } = useStore(model.list);
  const { group } = query;
  const gone = group !== null && !counts.some(entry => entry.value === group);
  const shown = gone ? [...counts, { value: group, count: 0 }] : counts;
  return (
    <select
      className="jp-Shinecat-select"
      aria-label={trans.__('Owner group')}
      // Options are numbered: a group may have any name, '' too.
      value={shown.findIndex(entry => entry.value === group)}
      onChange={event => void model.list.narrow({ group: shown[Number(event.target.value)]?.value ?? null })}
    >
      <option value={-1}>{trans.__('All groups')}</option>
      {shown.map((entry, index) => (
        <option key={entry.value} value={index}>
          {`${entry.value} (${formatCount(entry.count)})`}
        </option>
      ))}
    </select>
  );
}
