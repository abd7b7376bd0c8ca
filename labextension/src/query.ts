import { docs, text } from './documents';
import type { Problem } from './problem';

/**
 * Addresses of the catalog behind our proxy. Pure text: what is asked, not how.
 */
export interface Query {
  readonly text: string;
  readonly type: string | null;
  readonly group: string | null;
  /** What our server read in `text`; without it the text is searched as it stands. */
  readonly parsed?: Fields;
}

/** `fields` of SciCat's fullquery. */
export type Fields = Readonly<Record<string, unknown>>;

export const EVERYTHING: Query = { text: '', type: null, group: null };

/** A refusal that quotes a unit, or names a key, of the conditions in a text gets its place in it. */
export function atItsPlace(problem: Problem, { text: typed, parsed }: Query): Problem {
  if (problem.status !== 400 || problem.position !== undefined) {
    return problem;
  }
  for (const condition of docs(parsed?.scientific)) {
    const key = text(condition.lhs);
    const unit = text(condition.unit);
    const first = Math.max(0, typed.indexOf(key));
    const refused = unit && problem.message.includes(`'${unit}'`);
    const position = refused
      ? Math.max(typed.indexOf(unit, first), typed.indexOf(unit))
      : problem.message.includes(`${key} `)
        ? typed.indexOf(key)
        : -1;
    if (position >= 0) {
      return { ...problem, position };
    }
  }
  return problem;
}

const DATASETS = 'catalog/api/v3/datasets';
const ROW_FIELDS = ['pid', 'datasetName', 'type', 'ownerGroup', 'size', 'creationTime'];

function fields(query: Query): Record<string, unknown> {
  const text = query.text.trim();
  return {
    ...(query.parsed ?? (text ? { text } : {})),
    ...(query.type === null ? {} : { type: [query.type] }),
    ...(query.group === null ? {} : { ownerGroup: [query.group] })
  };
}

function parameters(values: Record<string, unknown>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${encodeURIComponent(JSON.stringify(value))}`)
    .join('&');
}

export function searchPath(query: Query, skip: number, limit: number): string {
  const limits = { skip, limit, order: 'creationTime:desc' };
  return `${DATASETS}/fullquery?${parameters({ fields: fields(query), limits })}`;
}

export function facetPath(query: Query): string {
  return `${DATASETS}/fullfacet?${parameters({ fields: fields(query), facets: ['type', 'ownerGroup'] })}`;
}

/** A dataset's own address, or that of a part of it. A PID may hold anything: it is one segment of the path. */
export function datasetPath(pid: string, part?: 'origdatablocks' | 'attachments'): string {
  return `${DATASETS}/${encodeURIComponent(pid)}${part ? `/${part}` : ''}`;
}

/** The Derived datasets that name `pid` among their inputs, newest first. */
export function resultsPath(pid: string, limit: number): string {
  const filter = { where: { inputDatasets: pid }, fields: ROW_FIELDS, limits: { limit, order: 'creationTime:desc' } };
  return `${DATASETS}?${parameters({ filter })}`;
}

/** Datasets that name `pid` in their relationships, newest first. */
export function relatedPath(pid: string, limit: number): string {
  const filter = {
    where: { 'relationships.pid': pid },
    fields: [...ROW_FIELDS, 'relationships'],
    limits: { limit, order: 'creationTime:desc' }
  };
  return `${DATASETS}?${parameters({ filter })}`;
}

/** Those of `pids` that the caller may see. */
export function namesPath(pids: readonly string[]): string {
  const filter = { where: { pid: { inq: pids } }, fields: ROW_FIELDS, limits: { limit: pids.length } };
  return `${DATASETS}?${parameters({ filter })}`;
}
