// What the agent states of its host, by which grant and in which session, and what it leaves unsaid.
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { granted } from '../../../src/crds/grant.ts';
import type { ReportedGuest } from '../../../src/crds/realtime-allocation.ts';
import { modify } from '../../../src/store/modify.ts';
import { auditIntervalMs, condition, OneHost, storeParts, timeout, vmYaml, withTimersByHand } from './one-host.ts';

let one: OneHost;

beforeEach(async () => {
  one = await OneHost.make();
});
afterEach(() => one[Symbol.asyncDispose]());

/** The VM "a", ready. @returns its UID, which is that of its domain too. */
async function runOne(disk = ''): Promise<string> {
  one.start();
  await one.apply(vmYaml({ disk }));
  return (await one.ready()).metadata.uid;
}

it('notices by its note that the store was put back, starts nothing, and says so in one session', async () => {
  const { directory } = one;
  const backup = join(directory, 'backup');
  const copy = (from: string, to: string) => Promise.all(storeParts.map((part) => (
    cp(join(from, part), join(to, part), { recursive: true })
  )));
  await runOne();
  await one.whileNothingRuns(() => copy(directory, backup));
  one.start();
  await one.apply(vmYaml({ spec: 'runStrategy: Halted' }));
  await expect.poll(async () => (await one.table()).spec.guests, { timeout }).toEqual([]);
  await one.whileNothingRuns(async () => {
    await Promise.all(storeParts.map((part) => rm(join(directory, part), { recursive: true })));
    await copy(backup, directory);
  });
  await one.withAgentAlone(async (agent) => {
    await expect.poll(() => one.stated(), { timeout }).toMatchObject({ wentBack: 'Yes' });
    const { session } = (await one.stated())!;
    await one.wipeStatus();
    // Its own statement is no other table, which would ask for another session, and that for another statement.
    await expect.poll(() => one.stated(), { timeout }).toMatchObject({ wentBack: 'Yes', session });
    expect(agent.statement?.session).toBe(session);
  });
  expect(one.host.domains).toEqual([]);
  // A controller that reads this opens no session.
  one.start();
  await expect.poll(async () => (await one.table()).spec.restore, { timeout }).toEqual(expect.any(String));
  expect((await one.table()).spec.session).toBeUndefined();
  expect(one.host.domains).toEqual([]);
});

it('starts nothing that it had decided on before a seal, once it has stated for that seal what lives', async () => {
  const hypervisor = one.host.hypervisor();
  const [list, find] = [hypervisor.list.bind(hypervisor), hypervisor.find.bind(hypervisor)];
  let [held, finds] = [0, 0];
  let gate: Promise<unknown> = Promise.resolve();
  hypervisor.list = async () => {
    held += 1;
    await gate;
    return list();
  };
  hypervisor.find = (uuid) => {
    finds += 1;
    return find(uuid);
  };
  one.start({ hypervisor });
  await one.apply(vmYaml({ spec: 'runStrategy: Halted' }));
  await expect.poll(async () => (await one.table()).spec.session, { timeout }).toEqual(expect.any(String));
  const { promise, resolve: open } = Promise.withResolvers<undefined>();
  [gate, held] = [promise, 0];
  await one.apply(vmYaml());
  // It is about to start the guest, and looks what else lives.
  await expect.poll(() => held, { timeout }).toBeGreaterThan(0);
  one.stopController();
  await modify(one.store, 'RealtimeAllocation', { name: 'n1' }, ({ spec: { session: _, ...spec }, ...table }) => (
    { ...table, spec: { ...spec, term: 'another/1' } }
  ));
  await expect.poll(() => one.stated(), { timeout }).toMatchObject({ term: 'another/1' });
  expect((await one.stated())?.guests.filter(({ lives }) => lives === true)).toEqual([]);
  finds = 0;
  open(undefined);
  await expect.poll(() => finds, { timeout }).toBeGreaterThan(0);
  expect(one.host.running()).toEqual([]);
});

it('never calls verified what lives by another grant than its entry\'s; leaves it, and corrects it', async () => {
  const uid = await runOne();
  one.stopController();
  const domain = () => one.host.find(uid)?.process;
  const pid = domain()?.pid;
  const before = (await one.table()).spec.guests[0]!;
  const { name, salt } = before.grant!;
  await one.editGuests((guests) => guests.map((entry) => granted(entry, 'another')));
  // It is stated by its own grant, with all that a controller needs to give it back.
  await expect.poll(() => one.stated(), { timeout }).toMatchObject({
    guests: [{ phase: 'Unknown', reason: 'OtherGrant', grant: name }],
    unlisted: [{ grant: name, salt, vm: before.vm, guest: before.guest, placement: before.placement }],
  });
  const told: (ReportedGuest | undefined)[] = [];
  const follow = new AbortController();
  const followed = (async () => {
    for await (const event of one.store.watch('RealtimeAllocation', { name: 'n1' }, follow.signal)) {
      if (event.type === 'added' || event.type === 'modified') told.push(event.object.status?.guests[0]);
    }
  })().catch(() => undefined);
  one.host.disturb(uid, 'CPU 1/KVM', { policy: 'OTHER', priority: 0 });
  const thread = () => domain()?.threads.find(({ comm }) => comm === 'CPU 1/KVM');
  await expect.poll(() => thread()?.policy, { timeout }).toBe('FIFO');
  expect(domain()?.pid).toBe(pid);
  // It is verified once its entry says what it was made with.
  await one.editGuests(() => [before]);
  await one.report(({ phase, reason, audit }) => (
    phase === 'Running' && reason === 'Verified' && audit?.verdict === 'Verified'
  ));
  await expect.poll(async () => (await one.stated())?.unlisted, { timeout }).toBeUndefined();
  follow.abort();
  await followed;
  const otherwise = told.filter((guest) => guest?.reason === 'OtherGrant');
  expect(otherwise.length).toBeGreaterThan(0);
  expect(otherwise.flatMap((guest) => guest?.audit ?? [])).toEqual([]);
  expect(domain()?.pid).toBe(pid);
});

it('does not say of a domain that is off and waits for its next start that it runs', async () => {
  one.host.end(await runOne(), 'crashed');
  const waits = await one.report(({ phase }) => phase !== 'Running');
  expect(waits).toMatchObject({ phase: 'Starting', reason: 'BackOff', domain: { restarts: 0 } });
  expect([waits.lives, waits.audit]).toEqual([undefined, undefined]);
  const object = await one.vm((vm) => condition(vm, 'Ready') === 'False');
  expect(['RealtimeVerified', 'Running'].map((type) => condition(object, type))).not.toContain('True');
});

it('states nothing of a host whose libvirt is away since it has begun, however long it waits', async () => {
  await runOne();
  await one.stop();
  const before = await one.stated();
  one.host.stopDaemon();
  // So long an agent waits for its first looks.
  const { runtime, fire, waiting } = withTimersByHand(one.runtime, 2000);
  await one.withAgentAlone(async (agent) => {
    await expect.poll(waiting, { timeout }).toBe(1);
    fire();
    // It goes on telling what an agent before it has said of guests, but nothing of its own.
    await one.wipeStatus();
    await expect.poll(() => one.stated(), { timeout }).toEqual({ guests: before?.guests });
    expect([agent.statement, agent.isAtWork]).toEqual([undefined, false]);
    one.host.startDaemon();
    await expect.poll(() => [agent.statement?.number, agent.isAtWork], { timeout }).toEqual([expect.any(Number), true]);
    expect(await one.stated()).toMatchObject({ session: agent.statement?.session });
  }, { runtime });
});

it('undefines what an agent before it has left off, with its files and NVRAM kept, and starts it again', async () => {
  const uid = await runOne(', persistence: NodeLocal');
  const { grant } = (await one.table()).spec.guests[0]!;
  await one.stop();
  one.host.end(uid, 'crashed');
  const disks = join(one.directory, 'agent', 'disks');
  const [name = '', ...others] = (await readdir(disks, { recursive: true })).filter((file) => file.endsWith('.raw'));
  expect(others).toEqual([]);
  await writeFile(join(disks, name), 'written by the guest');
  const asked: unknown[] = [];
  const hypervisor = one.host.hypervisor();
  const undefine = hypervisor.undefine.bind(hypervisor);
  hypervisor.undefine = (uuid: string, ...more: readonly unknown[]) => {
    asked.push([uuid, more.at(-1)]);
    return undefine(uuid);
  };
  one.start({ hypervisor });
  await one.vm((vm) => condition(vm, 'Ready') === 'True' && vm.status?.domain?.restarts === 1);
  expect(asked).toEqual([[uid, { nvram: true }]]);
  expect(await readFile(join(disks, name), 'utf8')).toBe('written by the guest');
  // By the same grant: it was never asked to stop.
  expect((await one.table()).spec.guests[0]?.grant).toEqual(grant);
});

it('removes the UEFI variables of a guest whose domain was undefined without them', async () => {
  const hypervisor = one.host.hypervisor();
  const [define, undefine] = [hypervisor.define.bind(hypervisor), hypervisor.undefine.bind(hypervisor)];
  // By name of the domain, as libvirt keeps them.
  const [names, variables] = [new Map<string, string>(), new Set<string>()];
  hypervisor.define = (xml: string) => {
    names.set(/<uuid>(.*)<\/uuid>/.exec(xml)![1]!, /<name>(.*)<\/name>/.exec(xml)![1]!);
    return define(xml);
  };
  hypervisor.undefine = (uuid: string, ...[, kept]: readonly unknown[]) => {
    if (kept === undefined) variables.delete(names.get(uuid) ?? '');
    return undefine(uuid);
  };
  one.start({ hypervisor });
  await one.apply(vmYaml({ spec: 'firmware: {type: UEFI}\n  runStrategy: Once' }));
  const { metadata: { uid } } = await one.ready();
  variables.add(names.get(uid)!);
  await one.stop();
  one.host.end(uid, 'shutdown');
  one.start({ hypervisor });
  await one.vm((vm) => vm.status?.phase === 'Stopped');
  await expect.poll(() => one.host.domains, { timeout }).toEqual([]);
  expect([...variables]).toEqual([names.get(uid)]);
  await one.store.delete('RealtimeVM', { namespace: 'default', name: 'a' });
  await expect.poll(async () => (await one.table()).spec.guests, { timeout }).toEqual([]);
  expect([...variables]).toEqual([]);
  expect(one.host.domains).toEqual([]);
});

it('says by itself of a guest whose audit is two intervals late that nothing is known of it', async () => {
  // Some time is given to a busy host.
  const { runtime, fire, waiting } = withTimersByHand(one.runtime, 2 * auditIntervalMs + 2000);
  const hypervisor = one.host.hypervisor();
  const find = hypervisor.find.bind(hypervisor);
  let isBusy = false;
  const busy = Promise.withResolvers<undefined>();
  hypervisor.find = async (uuid) => {
    if (isBusy) await busy.promise;
    return find(uuid);
  };
  one.start({ hypervisor, runtime });
  await one.apply(vmYaml());
  await one.ready();
  expect(waiting()).toBe(1);
  isBusy = true;
  fire();
  const late = await one.report(({ reason }) => reason === 'AuditLate');
  expect(late).toMatchObject({ phase: 'Unknown', lives: true });
  expect(late.audit).toBeUndefined();
  await one.vm((vm) => condition(vm, 'RealtimeVerified') === 'Unknown' && condition(vm, 'Ready') === 'False');
  isBusy = false;
  busy.resolve(undefined);
  await one.ready();
});
