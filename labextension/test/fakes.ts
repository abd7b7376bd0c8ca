import type { Api } from '../src/api';
import { asDataset, Row } from '../src/documents';
import type { Query } from '../src/query';

export function row(n: number): Row {
  return { pid: `20.500/${n}`, name: `run ${n}`, type: 'raw', group: 'AMO', sizeBytes: n, created: '' };
}

/** A catalog of `size` datasets that remembers what it was asked; single calls can be replaced. */
export function fakeApi(size: number, change: Partial<Api> = {}): Api & { searches: { query: Query; skip: number }[] } {
  const searches: { query: Query; skip: number }[] = [];
  return {
    searches,
    status: () => Promise.resolve({ mode: 'hub', user: 'zhangxf', catalogOk: true, catalogMessage: '' }),
    search: (query, skip, limit) => {
      searches.push({ query, skip });
      const left = Math.max(0, Math.min(limit, size - skip));
      return Promise.resolve(Array.from({ length: left }, (_, index) => row(skip + index)));
    },
    facets: () => Promise.resolve({ total: size, types: [{ value: 'raw', count: size }], groups: [] }),
    dataset: pid => Promise.resolve(asDataset({ pid, inputDatasets: ['a'] })),
    files: () => Promise.resolve([]),
    places: () => Promise.resolve(new Map()),
    figures: () => Promise.resolve([]),
    results: () => Promise.resolve([]),
    newer: () => Promise.resolve([]),
    names: () => Promise.resolve([row(1)]),
    outbox: () => Promise.resolve([]),
    retry: () => Promise.resolve(),
    withdraw: () => Promise.resolve(),
    release: () => Promise.resolve(),
    parse: text => Promise.resolve({ text }),
    ...change
  };
}

/** A promise that its maker settles. */
export function pending<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
