import { ServerConnection } from '@jupyterlab/services';
import {
  asDataset,
  asFacets,
  asFigures,
  asFiles,
  asPlaces,
  asRows,
  asVersionsOf,
  Dataset,
  Facets,
  Figure,
  FileEntry,
  isDoc,
  Places,
  Row
} from './documents';
import { problemOf, RequestFailed } from './problem';
import { datasetPath, facetPath, Fields, namesPath, Query, relatedPath, resultsPath, searchPath } from './query';
import { asEntries, asStatus, OutboxEntry, Status } from './reports';

/** What the models ask of the user's server. Every call may throw {@link RequestFailed}. */
export interface Api {
  status(): Promise<Status>;
  search(query: Query, skip: number, limit: number, signal?: AbortSignal): Promise<Row[]>;
  facets(query: Query, signal?: AbortSignal): Promise<Facets>;
  dataset(pid: string): Promise<Dataset>;
  files(pid: string): Promise<FileEntry[]>;
  /** Where the files are, as seen from this server: a state by path. */
  places(pid: string): Promise<Places>;
  figures(pid: string): Promise<Figure[]>;
  results(pid: string): Promise<Row[]>;
  /** Datasets that replace this one. */
  newer(pid: string): Promise<Row[]>;
  names(pids: readonly string[]): Promise<Row[]>;
  outbox(): Promise<OutboxEntry[]>;
  retry(key: string | null): Promise<void>;
  withdraw(key: string): Promise<void>;
  /** The yes to an entry that waits for one. */
  release(key: string, group?: string): Promise<void>;
  /** Conditions and filters of a text in the search box, as SciCat takes them. */
  parse(text: string, signal?: AbortSignal): Promise<Fields>;
}

const RESULTS_SHOWN = 200;
const NAMES_AT_ONCE = 50;

/** Requests to `/shinecat/api/...` of this user's server, below whatever base address a hub gave it. */
export class ServerApi implements Api {
  constructor(private readonly settings: ServerConnection.ISettings = ServerConnection.makeSettings()) {}

  status = async (): Promise<Status> => asStatus(await this.request('status'));

  search = async (query: Query, skip: number, limit: number, signal?: AbortSignal): Promise<Row[]> => {
    try {
      return asRows(await this.request(searchPath(query, skip, limit), { signal }));
    } catch (error) {
      // A search that finds nothing is an empty list: where the route itself is missing, so is our server extension.
      if (error instanceof RequestFailed && error.problem.kind === 'missing') {
        throw new RequestFailed({ ...error.problem, kind: 'absent' });
      }
      throw error;
    }
  };

  facets = async (query: Query, signal?: AbortSignal): Promise<Facets> =>
    asFacets(await this.request(facetPath(query), { signal }));

  dataset = async (pid: string): Promise<Dataset> => asDataset(await this.request(datasetPath(pid)));

  files = async (pid: string): Promise<FileEntry[]> => asFiles(await this.request(datasetPath(pid, 'origdatablocks')));

  places = async (pid: string): Promise<Places> =>
    asPlaces(await this.request(`files/where?pid=${encodeURIComponent(pid)}`));

  figures = async (pid: string): Promise<Figure[]> => asFigures(await this.request(datasetPath(pid, 'attachments')));

  results = async (pid: string): Promise<Row[]> => asRows(await this.request(resultsPath(pid, RESULTS_SHOWN)));

  newer = async (pid: string): Promise<Row[]> =>
    asVersionsOf(pid, await this.request(relatedPath(pid, RESULTS_SHOWN)));

  names = async (pids: readonly string[]): Promise<Row[]> => {
    const rows: Row[] = [];
    // In portions: a long list of PIDs would make an address that proxies refuse.
    for (let first = 0; first < pids.length; first += NAMES_AT_ONCE) {
      rows.push(...asRows(await this.request(namesPath(pids.slice(first, first + NAMES_AT_ONCE)))));
    }
    return rows;
  };

  outbox = async (): Promise<OutboxEntry[]> => asEntries(await this.request('outbox'));

  retry = async (key: string | null): Promise<void> => {
    await this.post('outbox/retry', { key });
  };

  withdraw = async (key: string): Promise<void> => {
    await this.post('outbox/withdraw', { key });
  };

  release = async (key: string, group?: string): Promise<void> => {
    await this.post('outbox/release', group ? { key, group } : { key });
  };

  parse = async (text: string, signal?: AbortSignal): Promise<Fields> => {
    const answer = await this.post('query/parse', { text }, signal);
    return isDoc(answer) && isDoc(answer.fields) ? answer.fields : {};
  };

  private post(path: string, body: unknown, signal?: AbortSignal): Promise<unknown> {
    return this.request(path, {
      method: 'POST',
      signal,
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' }
    });
  }

  private async request(path: string, init: RequestInit = {}): Promise<unknown> {
    const { baseUrl } = this.settings;
    // Joined by hand: URLExt.join parses its parts, and an encoded PID must arrive as it is.
    const url = `${baseUrl}${baseUrl.endsWith('/') ? '' : '/'}shinecat/api/${path}`;
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch (error) {
      if (init.signal?.aborted) {
        throw error;
      }
      throw new RequestFailed({ kind: 'network', status: 0, message: '' });
    }
    const body = await response.text();
    if (!response.ok) {
      throw new RequestFailed(problemOf(response.status, body));
    }
    try {
      return body ? JSON.parse(body) : null;
    } catch {
      throw new RequestFailed({ kind: 'other', status: response.status, message: '' });
    }
  }
}
