import { describe, expect, it, vi } from 'vitest';
import { DetailsModel } from '../src/detailsmodel';
import { asDataset, Row } from '../src/documents';
import { ListModel, PAGE_ROWS, rowsKnown } from '../src/listmodel';
import { AppModel } from '../src/model';
import { problemOf, RequestFailed } from '../src/problem';
import { EVERYTHING, searchPath } from '../src/query';
import { asEntry } from '../src/reports';
import { fakeApi, pending, row } from './fakes';

const DOWN = new RequestFailed({ kind: 'catalog', status: 503, message: '' });
const settled = () => new Promise(resolve => setTimeout(resolve, 0));

describe('ListModel', () => {
  it('fetches the pages that are looked at, however deep', async () => {
    const api = fakeApi(12_034);
    const list = new ListModel(api);
    await list.submit();
    expect(list.state).toMatchObject({ rows: 12_034, phase: 'ready' });
    list.need(11_990, 12_010);
    await settled();
    expect(api.searches.map(search => search.skip)).toEqual([0, 11_950, 12_000]);
    expect(list.row(12_033)).toEqual(row(12_033));
    expect(list.row(6_000)).toBeUndefined();
  });

  it('searches once typing pauses, and at once on Enter', async () => {
    vi.useFakeTimers();
    const api = fakeApi(3);
    const list = new ListModel(api);
    list.type('ly');
    list.type('lyso');
    expect(api.searches).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    list.type('lysozyme');
    await list.submit();
    await vi.advanceTimersByTimeAsync(1000);
    vi.useRealTimers();
    expect(api.searches.map(search => search.query.text)).toEqual(['lyso', 'lysozyme']);
  });

  it('has conditions and filters read by the server, and plain words not', async () => {
    const fields = { text: 'lysozyme', scientific: [{ lhs: 'run', relation: 'GREATER_THAN', rhs: 3, unit: '' }] };
    const parse = vi.fn(() => Promise.resolve(fields));
    const api = fakeApi(3, { parse });
    const list = new ListModel(api);
    await list.narrow({ text: 'lysozyme 溶菌酶', type: 'raw' });
    expect(parse).not.toHaveBeenCalled();
    await list.narrow({ text: 'lysozyme run > 3' });
    expect(api.searches.at(-1)?.query).toEqual({ text: 'lysozyme run > 3', type: 'raw', group: null, parsed: fields });
    const asked = api.searches.at(-1)?.query ?? EVERYTHING;
    expect(decodeURIComponent(searchPath(asked, 0, 5))).toContain('"type":["raw"]');
    list.need(0, 2);
    expect(api.searches.every(search => search.skip === 0)).toBe(true);
    await list.narrow({ text: 'plain' });
    expect(api.searches.at(-1)?.query.parsed).toBeUndefined();
  });

  it('shows where a query is wrong', async () => {
    const problem = problemOf(400, JSON.stringify({ error: 'query', message: 'no', what: 'no', position: 7 }));
    const list = new ListModel(fakeApi(3, { parse: () => Promise.reject(new RequestFailed(problem)) }));
    await list.narrow({ text: 'run > x' });
    expect(list.state).toMatchObject({ phase: 'failed', problem: { message: 'no', position: 7 } });
  });

  it.each([
    ['x > 1 keVV and keVV = 2', "'keVV' is not a known unit; x is given in: keV", 6],
    ['lysozyme detector > 3', 'detector holds texts, no numbers; compare it with: EQUAL_TO', 9],
    ['lysozyme detector > 3', 'The catalog is in a bad mood', undefined]
  ])('shows where the catalog refuses %j', async (text, message, position) => {
    const [key, unit] = text.startsWith('x') ? ['x', 'keVV'] : ['detector', ''];
    const api = fakeApi(3, {
      parse: () => Promise.resolve({ scientific: [{ lhs: key, relation: 'GREATER_THAN', rhs: 1, unit }] }),
      search: () => Promise.reject(new RequestFailed(problemOf(400, JSON.stringify({ message }))))
    });
    const list = new ListModel(api);
    await list.narrow({ text });
    expect(list.state.problem).toMatchObject({ message });
    expect(list.state.problem?.position).toBe(position);
  });

  it('drops an answer that a later question has overtaken', async () => {
    const slow = pending<Row[]>();
    const fast = fakeApi(1);
    const list = new ListModel(fakeApi(1, { search: (query, ...rest) => (query.text ? fast.search(query, ...rest) : slow.promise) }));
    const first = list.submit();
    await list.narrow({ text: 'x' });
    slow.resolve([row(77), row(78)]);
    await first;
    expect(list.row(0)).toEqual(row(0));
    expect(list.state.rows).toBe(1);
  });

  it('says why it failed, and works again', async () => {
    let down = true;
    const good = fakeApi(2);
    const list = new ListModel(fakeApi(2, { search: (...args) => (down ? Promise.reject(DOWN) : good.search(...args)) }));
    await list.submit();
    expect(list.state).toMatchObject({ phase: 'failed', problem: { kind: 'catalog' } });
    down = false;
    await list.refresh();
    expect(list.state).toMatchObject({ phase: 'ready', problem: null, rows: 2 });
  });

  it('works without counts', async () => {
    const list = new ListModel(fakeApi(PAGE_ROWS + 3, { facets: () => Promise.reject(DOWN) }));
    await list.submit();
    expect(list.state.rows).toBe(PAGE_ROWS + 1);
    list.need(PAGE_ROWS, PAGE_ROWS);
    await settled();
    expect(list.state.rows).toBe(PAGE_ROWS + 3);
  });

  it('keeps a page that failed apart from the others', async () => {
    let down = false;
    const good = fakeApi(200);
    const list = new ListModel(fakeApi(200, { search: (...args) => (down ? Promise.reject(DOWN) : good.search(...args)) }));
    await list.submit();
    down = true;
    list.need(60, 60);
    await settled();
    expect(list.row(60)).toMatchObject({ kind: 'catalog' });
    expect(list.row(0)).toEqual(row(0));
    down = false;
    list.retryPage(1);
    await settled();
    expect(list.row(60)).toEqual(row(60));
  });

  it.each([
    [null, 0, 0, 0],
    [null, 0, PAGE_ROWS, PAGE_ROWS + 1],
    [9999, 0, 3, 3],
    [60, 1, 0, 50],
    [10, 0, PAGE_ROWS, PAGE_ROWS]
  ])('knows with total %j, page %i and %i rows that there are %i', (total, page, got, rows) => {
    expect(rowsKnown(total, page, got)).toBe(rows);
  });
});

describe('DetailsModel', () => {
  it('finds the versions before and after a result', async () => {
    const relationships = [{ pid: 'old', relationship: 'is new version of' }, { pid: 'far', relationship: 'is like' }, 7];
    const names = vi.fn(() => Promise.resolve([row(1)]));
    const newer = vi.fn(() => Promise.resolve([row(2)]));
    const dataset = (pid: string) => Promise.resolve(asDataset({ pid, type: pid, relationships }));
    const api = fakeApi(0, { names, newer, dataset });
    const details = new DetailsModel(api, 'derived');
    await details.load();
    expect(names).toHaveBeenCalledWith(['old', 'far']);
    expect(details.state).toMatchObject({ related: { value: [row(1)] }, newer: { value: [row(2)] } });
    await new DetailsModel(api, 'raw').load();
    expect(newer).toHaveBeenCalledTimes(1);
  });
});

describe('AppModel', () => {
  it('shows which groups may own a result, and passes the answer on', async () => {
    const asked = asEntry({ key: 'k', state: 'waiting', choices: ['AMO', 'SHINE'] });
    expect(asked.choices).toEqual(['AMO', 'SHINE']);
    expect(asEntry({ key: 'k' }).choices).toEqual([]);
    const release = vi.fn(() => Promise.resolve());
    await new AppModel(fakeApi(0, { release })).release('k', 'AMO');
    expect(release).toHaveBeenCalledWith('k', 'AMO');
  });

  it('asks for the status again when the list fails, and when it is back', async () => {
    let down = true;
    let asked = 0;
    const good = fakeApi(1);
    const model = new AppModel(
      fakeApi(1, {
        search: (...args) => (down ? Promise.reject(DOWN) : good.search(...args)),
        status: () => Promise.resolve({ mode: 'hub', user: `${(asked += 1)}`, catalogOk: !down, catalogMessage: '' })
      })
    );
    await model.list.submit();
    await settled();
    expect(model.state.status?.catalogOk).toBe(false);
    down = false;
    await model.list.submit();
    await settled();
    expect(model.state.status).toMatchObject({ catalogOk: true, user: '2' });
  });

  it('shows a result below its input once it is sent, though the index may lag', async () => {
    let asked = 0;
    const result = { ...row(9), pid: 'r' };
    const model = new AppModel(fakeApi(1, { results: () => Promise.resolve((asked += 1) < 3 ? [] : [result]) }));
    model.start();
    model.open('in');
    await settled();
    model.changed(asEntry({ key: 'k', name: 'fit.h5', state: 'sent', pid: 'r', inputs: ['in'] }));
    const details = model.state.trail[0];
    await vi.waitFor(() => expect(details?.state.results).toEqual({ state: 'ready', value: [result] }), 3000);
  });

  it('lists what is not in the catalog yet', () => {
    const model = new AppModel(fakeApi(0));
    model.changed(asEntry({ key: 'k', state: 'waiting' }));
    model.changed(asEntry({ key: 'k', state: 'failed', reason: 'The catalog refuses it.', do: 'Ask for access.' }));
    expect(model.state.pending).toMatchObject([{ state: 'failed', reason: 'The catalog refuses it.', advice: 'Ask for access.' }]);
    model.changed(asEntry({ key: 'k', state: 'sent' }));
    expect(model.state.pending).toEqual([]);
  });

  it('goes back the way it came', () => {
    const model = new AppModel(fakeApi(1));
    model.open('a');
    model.open('b');
    model.open('b');
    expect(model.state.trail.map(details => details.pid)).toEqual(['a', 'b']);
    model.back();
    model.back();
    model.back();
    expect(model.state.trail).toEqual([]);
  });

  it('shows the other parts of a page when one fails', async () => {
    const model = new AppModel(fakeApi(1, { files: () => Promise.reject(DOWN) }));
    model.open('a');
    await settled();
    expect(model.state.trail[0]?.state).toMatchObject({
      dataset: { state: 'ready' },
      files: { state: 'failed', problem: { kind: 'catalog' } },
      results: { state: 'ready' }
    });
  });
});
