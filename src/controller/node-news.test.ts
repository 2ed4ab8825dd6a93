import { beforeEach, describe, expect, it } from 'vitest';
import type { ReportedGuest } from '../crds/realtime-allocation.ts';
import { NodeNews } from './node-news.ts';
import type { NodePicture } from './node-news.ts';
import type { Table } from './table-record.ts';
import { entryOf, placementOn, tableOf, unlistedOf } from './testing/sample-objects.ts';

const entries = [entryOf('a', { cpu: 1 }), entryOf('b', { cpu: 2 }), entryOf('c', { cpu: 3 })];
const [a, b, c] = entries as [typeof entries[0], typeof entries[0], typeof entries[0]];
const reportOf = (name: string, phase: ReportedGuest['phase'] = 'Running'): ReportedGuest => ({ uid: `uid-${name}`, phase });
const reports = [reportOf('a'), reportOf('b')];
const standing = { heard: true };

let news: NodeNews;
/** What is told when the node has changed to this. */
const told = (table: Table | undefined, more: Partial<NodePicture> = {}) => news.of('n1', { table, standing, ...more });

beforeEach(() => {
  news = new NodeNews();
  told(tableOf({ guests: entries }, { guests: reports }));
});

describe('of all VMs of a node', () => {
  it.each<[what: string, NodePicture]>([
    ['it counts otherwise', { table: tableOf({ guests: entries }, { guests: reports }), standing: { heard: false } }],
    ['its table is gone', { table: undefined, standing }],
    ['an entry is gone: another may wait for what it held', { table: tableOf({ guests: [a, b] }, { guests: reports }), standing }],
    ['an entry holds something else', {
      table: tableOf({ guests: [a, b, { ...c, placement: placementOn(4) }] }, { guests: reports }), standing,
    }],
    ['other domains are kept', { table: tableOf({ guests: entries, kept: ['grant'] }, { guests: reports }), standing }],
    ['a guest is reported that has no entry', {
      table: tableOf({ guests: entries }, { guests: [...reports, reportOf('d')] }), standing,
    }],
  ])('where %s', (_, now) => {
    expect(news.of('n1', now)).toBe('all');
  });

  it('where nothing was told of it before', () => {
    expect(news.of('n2', { table: tableOf({ guests: entries }), standing })).toBe('all');
  });

  it('where a domain is gone that held what no entry names', () => {
    const unlisted = [unlistedOf(entryOf('x', { cpu: 7 }))];
    told(tableOf({ guests: entries }, { guests: reports, unlisted }));
    expect(told(tableOf({ guests: entries }, { guests: reports }))).toBe('all');
  });
});

describe('of one VM', () => {
  it.each<[what: string, Table]>([
    ['it is asked for something else', tableOf({ guests: [a, { ...b, desired: 'Stopped' }, c] }, { guests: reports })],
    ['its report is another', tableOf({ guests: entries }, { guests: [reports[0]!, reportOf('b', 'Stopped')] })],
    ['its report is gone', tableOf({ guests: entries }, { guests: [reports[0]!] })],
    ['another domain of it is told', tableOf({ guests: entries }, {
      guests: reports, unlisted: [unlistedOf(entryOf('b', { salt: 'another' }))],
    })],
  ])('where %s', (_, now) => {
    expect(told(now)).toEqual(['ran/b']);
  });

  it('where it is new', () => {
    expect(told(tableOf({ guests: [...entries, entryOf('d', { cpu: 4 })] }, { guests: reports }))).toEqual(['ran/d']);
  });
});

describe('of none', () => {
  it('where the table was written anew, and says the same', () => {
    const now = tableOf({ guests: [...entries] }, { guests: structuredClone(reports), number: 7 }, { resourceVersion: '2' });
    expect(told(now)).toEqual([]);
  });

  it('a second time', () => {
    const now = tableOf({ guests: entries }, { guests: [reports[0]!] });
    expect([told(now), told(now)]).toEqual([['ran/b'], []]);
  });
});
