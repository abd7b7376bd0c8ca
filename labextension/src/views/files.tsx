import * as React from 'react';
import { useLab, useStore } from '../context';
import type { DetailsModel } from '../detailsmodel';
import type { FileEntry, Places } from '../documents';
import { formatCount, formatSize } from '../format';
import { placeText } from '../words';
import { Loaded, Quiet, Section } from './parts';

const FILES_AT_ONCE = 100;

export function Files({ details }: { details: DetailsModel }): React.ReactElement {
  const { trans } = useLab();
  const { files, places } = useStore(details);
  const known = places.state === 'ready' ? places.value : null;
  const count = files.state === 'ready' ? files.value.length : undefined;
  return (
    <Section title={trans.__('Files')} count={count}>
      <Loaded part={files} again={() => details.reload('files')}>
        {entries =>
          entries.length ? <FileTable entries={entries} places={known} /> : <Quiet>{trans.__('No file is listed.')}</Quiet>
        }
      </Loaded>
    </Section>
  );
}

function FileTable({
  entries,
  places
}: {
  entries: readonly FileEntry[];
  places: Places | null;
}): React.ReactElement {
  const { trans } = useLab();
  const [shown, setShown] = React.useState(FILES_AT_ONCE);
  const rest = entries.length - shown;
  return (
    <>
      <table className="jp-Shinecat-table" aria-label={trans.__('Files')}>
        <thead>
          <tr>
            <th scope="col">{trans.__('Path')}</th>
            <th scope="col">{trans.__('Size')}</th>
            {places && <th scope="col">{trans.__('Here')}</th>}
          </tr>
        </thead>
        <tbody>
          {entries.slice(0, shown).map((file, index) => (
            <tr key={index}>
              <td title={file.path}>{file.path}</td>
              <td className="jp-Shinecat-number">{formatSize(file.sizeBytes)}</td>
              {places && <td data-state={places.get(file.path)}>{placeText(places.get(file.path), trans)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 && (
        <button type="button" className="jp-Shinecat-link" onClick={() => setShown(shown + 10 * FILES_AT_ONCE)}>
          {trans.__('Show more (%1 left)', formatCount(rest))}
        </button>
      )}
    </>
  );
}

/** The pictures attached to the dataset; nothing at all where there are none. */
export function Figures({ details }: { details: DetailsModel }): React.ReactElement | null {
  const { trans } = useLab();
  const { figures } = useStore(details);
  if (figures.state === 'ready' && figures.value.length === 0) {
    return null;
  }
  return (
    <Section title={trans.__('Figures')} count={figures.state === 'ready' ? figures.value.length : undefined}>
      <Loaded part={figures} again={() => details.reload('figures')}>
        {values =>
          values.map((figure, index) => (
            <figure key={index} className="jp-Shinecat-figure">
              <img src={figure.source} alt={figure.caption || trans.__('Figure %1', index + 1)} />
              {figure.caption && <figcaption>{figure.caption}</figcaption>}
            </figure>
          ))
        }
      </Loaded>
    </Section>
  );
}
