import { describe, expect, it } from 'vitest';
import { asDataset, asFacets, asFigures, asFiles, asRows, asVersionsOf } from '../src/documents';
import { formatNumber, formatSize, formatTime } from '../src/format';
import { problemOf } from '../src/problem';
import { datasetPath, facetPath, resultsPath, searchPath } from '../src/query';
import { asEntries, asStatus } from '../src/reports';

const ODD = [null, undefined, 0, 'text', [], [null, 1, 'x', []], { pid: { a: 1 }, size: 'x' }];

describe('documents', () => {
  it.each(ODD)('make something harmless of %j', odd => {
    expect(asRows(odd)).toEqual([]);
    expect(asFiles(odd)).toEqual([]);
    expect(asFigures(odd)).toEqual([]);
    expect(asEntries(odd)).toEqual([]);
    expect(asFacets(odd).total).toBeNull();
    expect(asDataset(odd)).toMatchObject({ pid: '', sizeBytes: null, metadata: {}, inputs: [] });
    expect(asStatus(odd).catalogOk).toBe(true);
  });

  it('read both the singular and the plural fields', () => {
    const dataset = asDataset({ pid: 'p', proposalId: '100', proposalIds: ['100', '101'], sampleId: 'S-1' });
    expect(dataset).toMatchObject({ proposals: ['100', '101'], samples: ['S-1'], name: 'p' });
  });

  it('take for newer versions only what says so', () => {
    const named = (pid: string, relationship: string) => ({ pid: `${pid} ${relationship}`, relationships: [{ pid, relationship }] });
    const listed = [named('a', 'is new version of'), named('b', 'is new version of'), named('a', 'is like'), { pid: 'x' }];
    expect(asVersionsOf('a', listed).map(({ pid }) => pid)).toEqual(['a is new version of']);
  });

  it('read the record of a Derived dataset', () => {
    const shinecat = { capture: 'partial', uncertain_inputs: ['b'] };
    const dataset = asDataset({ inputDatasets: ['a', 'b'], jobParameters: { shinecat } });
    expect(dataset).toMatchObject({ partial: true, uncertainInputs: ['b'] });
  });

  it('let only pictures through', () => {
    const thumbnails = [
      'data:image/png;base64,AAAA',
      'data:text/html;base64,AAAA',
      'javascript:alert(1)',
      'https://elsewhere.example/x.png',
      ' data:image/png;base64,AAAA'
    ];
    expect(asFigures(thumbnails.map(thumbnail => ({ thumbnail })))).toEqual([
      { caption: '', source: 'data:image/png;base64,AAAA' }
    ]);
  });

  it('count', () => {
    const answer = [{ all: [{ totalSets: 3 }], type: [{ _id: 'raw', count: 3 }], ownerGroup: [{ _id: null, count: 1 }] }];
    expect(asFacets(answer)).toEqual({ total: 3, types: [{ value: 'raw', count: 3 }], groups: [] });
  });
});

describe('addresses', () => {
  it('keep a PID one segment', () => {
    expect(datasetPath('20.500.1/ä b%2F+#?', 'attachments')).toBe(
      'catalog/api/v3/datasets/20.500.1%2F%C3%A4%20b%252F%2B%23%3F/attachments'
    );
  });

  it('ask newest first, a page at a time, for what is wanted only', () => {
    const url = new URL(searchPath({ text: ' 单晶 ', type: 'raw', group: null }, 100, 50), 'http://x');
    expect(JSON.parse(url.searchParams.get('fields') ?? '')).toEqual({ text: '单晶', type: ['raw'] });
    expect(JSON.parse(url.searchParams.get('limits') ?? '')).toEqual({ skip: 100, limit: 50, order: 'creationTime:desc' });
    expect(facetPath({ text: '', type: null, group: 'A&B' })).toContain(encodeURIComponent('{"ownerGroup":["A&B"]}'));
    expect(resultsPath('a"b', 5)).toContain(encodeURIComponent('{"inputDatasets":"a\\"b"}'));
  });
});

describe('formats', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [999_499, '999 kB'],
    [999_600, '1.00 MB'],
    [12_345_678, '12.3 MB'],
    [56e9, '56.0 GB'],
    [null, '']
  ])('%j bytes as %s', (size, text) => {
    expect(formatSize(size)).toBe(text);
  });

  it('numbers and times', () => {
    expect(formatNumber(0.1 + 0.2)).toBe('0.3');
    expect(formatNumber(-1.5e-300)).toBe('-1.5e-300');
    expect(formatTime('2026-05-01T10:00:00.000Z')).toMatch(/^2026-0[45]-\d\d \d\d:00$|^2026-0[45]-\d\d \d\d:[34]\d$/);
    expect(formatTime('not a time')).toBe('not a time');
  });
});

describe('problems', () => {
  it.each([
    [401, '{"error":"login_required","what":"w","message":"Sign in."}', 'login', 'Sign in.'],
    [401, '{"message":"Unauthenticated"}', 'login', ''],
    [404, '{"statusCode":404,"message":"Dataset not found"}', 'missing', ''],
    [502, '{"what":"w","message":"The catalog does not answer."}', 'catalog', 'The catalog does not answer.'],
    [400, '{"message":["a","b"]}', 'other', 'a; b'],
    [504, '<html>Gateway</html>', 'catalog', '']
  ])('of %i %s', (status, body, kind, message) => {
    expect(problemOf(status, body)).toEqual({ kind, status, message });
  });
});
