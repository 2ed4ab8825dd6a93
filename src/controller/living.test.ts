import { describe, expect, it } from 'vitest';
import { Living } from './living.ts';
import type { StatedDomain } from './statement.ts';

const domain = (vm: string | undefined, grant: string, verdict: StatedDomain['verdict'] = 'Unknown'): StatedDomain => (
  { grant, uid: `uid of ${vm}`, vm, verdict, unlisted: undefined }
);

describe('what lives', () => {
  it('is found by its VM and by its node, wherever it is stated', () => {
    const living = new Living();
    living.set('n1', [domain('ran/a', 'g1'), domain('ran/b', 'g2')]);
    living.set('n2', [domain('ran/a', 'g3')]);
    expect(living.of('ran/a').map(({ node, grant }) => [node, grant])).toEqual([['n1', 'g1'], ['n2', 'g3']]);
    expect(living.on('n1').map(({ grant }) => grant)).toEqual(['g1', 'g2']);
    living.set('n1', [domain('ran/b', 'g2')]);
    expect(living.of('ran/a').map(({ node }) => node)).toEqual(['n2']);
    living.set('n2', []);
    expect([living.of('ran/a'), living.on('n2'), living.of('ran/b').length]).toEqual([[], [], 1]);
  });

  it('tells the VMs of which something else lives, and no others', () => {
    const living = new Living();
    expect([...living.set('n1', [domain('ran/a', 'g1'), domain('ran/b', 'g2')])]).toEqual(['ran/a', 'ran/b']);
    expect([...living.set('n1', [domain('ran/b', 'g2'), domain('ran/a', 'g1', 'Verified')])]).toEqual([]);
    expect([...living.set('n1', [domain('ran/a', 'g3'), domain('ran/b', 'g2')])]).toEqual(['ran/a']);
    expect([...living.set('n1', [domain('ran/a', 'g3')])]).toEqual(['ran/b']);
    expect([...living.set('n1', [])]).toEqual(['ran/a']);
  });

  it('has the last verdict, though nobody need be told', () => {
    const living = new Living();
    living.set('n1', [domain('ran/a', 'g1')]);
    living.set('n1', [domain('ran/a', 'g1', 'Violated')]);
    expect(living.of('ran/a').map(({ verdict }) => verdict)).toEqual(['Violated']);
  });

  it('keeps a domain by its node whose VM is not known', () => {
    const living = new Living();
    expect([...living.set('n1', [domain(undefined, 'g1')])]).toEqual([]);
    expect(living.on('n1')).toHaveLength(1);
  });
});
