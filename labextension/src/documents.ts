/**
 * What the catalog sends is untrusted: any field may be missing or of another type. Here it becomes what the views rely on.
 */
type Doc = Readonly<Record<string, unknown>>;

/** A dataset as a line of a list. */
export interface Row {
  readonly pid: string;
  readonly name: string;
  readonly type: string;
  readonly group: string;
  readonly sizeBytes: number | null;
  /** ISO date and time, or '' when the catalog has none. */
  readonly created: string;
}

/** What a dataset says of another one. */
export interface Relation {
  readonly pid: string;
  readonly relation: string;
}

/** SciCat's word, and the outbox's, for a result that was made again after it was published or used. */
export const VERSION_OF = 'is new version of';

/** A dataset with all that its page shows. */
export interface Dataset extends Row {
  readonly accessGroups: readonly string[];
  readonly proposals: readonly string[];
  readonly samples: readonly string[];
  readonly sourceFolder: string;
  readonly host: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly owner: string;
  readonly metadata: Doc;
  readonly inputs: readonly string[];
  readonly relations: readonly Relation[];
  /** Inputs of which the record could not be sure (`jobParameters.shinecat.uncertain_inputs`). */
  readonly uncertainInputs: readonly string[];
  /** The record of what was read is not complete (`jobParameters.shinecat.capture`). */
  readonly partial: boolean;
  readonly software: readonly string[];
  readonly code: string;
}

export interface FileEntry {
  readonly path: string;
  readonly sizeBytes: number | null;
}

/** Whether a file is to be had here, by its path. */
export type Places = ReadonlyMap<string, string>;

export interface Figure {
  readonly caption: string;
  /** A `data:image/...` address, safe to give to an `<img>`. */
  readonly source: string;
}

export interface Count {
  readonly value: string;
  readonly count: number;
}

export interface Facets {
  readonly total: number | null;
  readonly types: readonly Count[];
  readonly groups: readonly Count[];
}

export function isDoc(value: unknown): value is Doc {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function docs(value: unknown): Doc[] {
  return Array.isArray(value) ? value.filter(isDoc) : [];
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

export function texts(...values: unknown[]): string[] {
  const all = values.flatMap((value): unknown[] => (Array.isArray(value) ? value : [value]));
  return [...new Set(all.map(text).filter(Boolean))];
}

function amount(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

export function asRow(value: unknown): Row {
  const doc = isDoc(value) ? value : {};
  const pid = text(doc.pid);
  return {
    pid,
    name: text(doc.datasetName) || pid,
    type: text(doc.type),
    group: text(doc.ownerGroup),
    sizeBytes: amount(doc.size),
    created: text(doc.creationTime)
  };
}

/** The rows of a list; documents without a PID can't be opened and are left out. */
export function asRows(value: unknown): Row[] {
  return docs(value)
    .map(asRow)
    .filter(row => row.pid);
}

export function asDataset(value: unknown): Dataset {
  const doc = isDoc(value) ? value : {};
  const parameters = isDoc(doc.jobParameters) ? doc.jobParameters : {};
  const record = isDoc(parameters.shinecat) ? parameters.shinecat : {};
  return {
    ...asRow(doc),
    accessGroups: texts(doc.accessGroups),
    proposals: texts(doc.proposalIds, doc.proposalId),
    samples: texts(doc.sampleIds, doc.sampleId),
    sourceFolder: text(doc.sourceFolder),
    host: text(doc.sourceFolderHost),
    description: text(doc.description),
    keywords: texts(doc.keywords),
    owner: text(doc.owner),
    metadata: isDoc(doc.scientificMetadata) ? doc.scientificMetadata : {},
    inputs: texts(doc.inputDatasets),
    relations: asRelations(doc.relationships),
    uncertainInputs: texts(record.uncertain_inputs),
    partial: record.capture === 'partial',
    software: texts(doc.usedSoftware),
    code: text(doc.jobLogData)
  };
}

export function asRelations(value: unknown): Relation[] {
  return docs(value)
    .map(doc => ({ pid: text(doc.pid), relation: text(doc.relationship) }))
    .filter(({ pid }) => pid);
}

/** Those datasets of a list that call themselves new versions of `pid`. */
export function asVersionsOf(pid: string, value: unknown): Row[] {
  const says = ({ relationships }: Doc) =>
    asRelations(relationships).some(one => one.pid === pid && one.relation === VERSION_OF);
  return asRows(docs(value).filter(says));
}

export function asFiles(value: unknown): FileEntry[] {
  return docs(value)
    .flatMap(block => docs(block.dataFileList))
    .map(file => ({ path: text(file.path), sizeBytes: amount(file.size) }))
    .filter(file => file.path);
}

export function asPlaces(value: unknown): Places {
  const files = isDoc(value) && isDoc(value.files) ? value.files : {};
  return new Map(Object.entries(files).map(([path, state]) => [path, text(state)]));
}

// Only what an <img> shows as a picture: scripts in an SVG do not run there, and no other type or address is let through.
const IMAGE = /^data:image\/[a-z0-9.+-]+;base64,/i;

export function asFigures(value: unknown): Figure[] {
  return docs(value)
    .map(doc => ({ caption: text(doc.caption), source: text(doc.thumbnail) }))
    .filter(figure => IMAGE.test(figure.source));
}

export function asFacets(value: unknown): Facets {
  const doc = docs(value)[0] ?? {};
  const counts = (facet: unknown): Count[] =>
    docs(facet)
      .map(entry => ({ value: text(entry._id), count: amount(entry.count) ?? 0 }))
      .filter(entry => entry.value)
      .sort((a, b) => a.value.localeCompare(b.value));
  return {
    total: docs(doc.all).length ? amount(docs(doc.all)[0]?.totalSets) : null,
    types: counts(doc.type),
    groups: counts(doc.ownerGroup)
  };
}
