/**
 * What a false word and a liar come to: a VM that runs twice, or a domain that no table means. The product is to say so,
 * and to end nothing; a person then ends, by hand, what is not the VM's run.
 */
import { vmUidIn } from './domain-uid.ts';
import { saltIn } from './verdicts.ts';
import type { World } from './world.ts';

interface Domain {
  readonly name: string;
  readonly uuid: string;
  readonly xml: string;
}

function endThere(world: World, node: string, domain: Domain): void {
  world.cluster.write(`story: a person ends ${domain.name} on ${node}`);
  world.end(node, domain, 'shutdown');
  world.cluster.hosts.get(node)!.undefine(domain.uuid);
}

/**
 * @returns a sentence for each VM that runs twice, and neither it nor, of all that is not its run, the nodes say so: one
 * whose agent has lied is not believed about other nodes' VMs.
 */
export function endDoubles(world: World): readonly string[] {
  return world.vms.flatMap(({ metadata: { uid, name, deletionTimestamp }, status }) => {
    const living = world.nodes.flatMap((node) => world.cluster.hosts.get(node)!.running()
      .filter(({ xml }) => xml.includes(uid))
      .map((domain) => ({ node, domain })));
    if (living.length < 2) return [];
    const others = living.filter(({ node }) => node !== status?.run?.node);
    const says = status?.conditions?.some(({ reason }) => reason === 'RunsTwice') === true
      || others.every(({ node }) => world.haveLied.has(node) && world.shows(node, uid));
    for (const { node, domain } of others) endThere(world, node, domain);
    // A deletion ends all that there is of it, however often it runs.
    if (says || deletionTimestamp !== undefined) return [];
    return [`I7: VM ${uid} (${name}) runs on ${living.map(({ node }) => node).join(', ')}, and does not say so`];
  });
}

/** Whoever has found out a liar, or a word that was not true, ends on that host what is no VM's run. */
export function endWhatWasHidden(world: World): void {
  const runs = new Map(world.vms.map(({ metadata: { uid }, status }) => [uid, status?.run]));
  for (const node of world.deceived) {
    for (const domain of world.cluster.hosts.get(node)!.running()) {
      const uid = vmUidIn(domain.xml);
      if (uid === undefined) continue;
      const [grant, run] = [world.seen(node).grantOf(uid), runs.get(uid)];
      const isRun = run?.state === 'Open' && run.node === node && run.grant === grant?.name
        && grant.salt === saltIn(domain.xml);
      if (!isRun) endThere(world, node, domain);
    }
  }
}
