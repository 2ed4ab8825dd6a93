/** Connects this terminal to the serial port of a VM that runs on this host. */
import process from 'node:process';
import { LibvirtClient } from '../../libvirt/client.ts';
import type { DomainRef } from '../../libvirt/domain-types.ts';
import { LibvirtError } from '../../libvirt/errors.ts';
import { findSocketPath } from '../../libvirt/socket-path.ts';
import { parseDomainMetadata } from '../../realtime/domain/parse-metadata.ts';
import type { ConsoleOptions } from '../commands/console.ts';
import { CommandError } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { vmKeyOf } from '../run/vm-names.ts';
import { EscapeKey } from './escape-key.ts';

/** @returns 0 when the person has left, or the guest has ended; 1 where somebody else has taken the console over. */
export async function attachConsole(name: string, { libvirtSocket, force = false, readOnly = false }: ConsoleOptions, io: Io): Promise<ExitCode> {
  using client = await LibvirtClient.open({ socketPath: findSocketPath(libvirtSocket) });
  const domain = await findDomain(client, name);
  const stream = await openConsole(client, domain, force);
  io.err(`Connected to ${name}${readOnly ? ', read-only' : ''}. Ctrl-] ends the connection.`);
  const escape = new EscapeKey();
  const typed = (bytes: Buffer) => {
    const { before, left } = escape.take(bytes);
    if (!readOnly) stream.send(before);
    if (left) stream.finish();
  };
  const terminal = rawTerminal(typed, () => stream.finish());
  try {
    await stream.ended;
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
    io.err(`\nThe connection was ended by libvirt: ${error.message}`);
    return 1;
  } finally {
    terminal[Symbol.dispose]();
  }
  io.err(escape.wasPressed ? '\nLeft; the VM runs on.' : '\nThe console has ended: the guest has, or somebody else has connected with --force.');
  return 0;

  async function openConsole(on: LibvirtClient, which: DomainRef, byForce: boolean) {
    try {
      return await on.openConsole(which, (bytes) => void process.stdout.write(bytes), { force: byForce });
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error;
      if (error.code === 'OPERATION_FAILED' && /session/i.test(error.message)) throw new CommandError('CONSOLE_TAKEN', `somebody is connected to the console of ${name} already; --force ends that session`, { cause: error });
      if (error.code === 'OPERATION_INVALID') throw new CommandError('NOT_RUNNING', `${name} does not run, so there is no console; what it wrote before is in its serial log (directory serial below --state-dir)`, { cause: error });
      throw error;
    }
  }
}

/** By the identity that its agent wrote into the domain: names of domains are nobody's to guess. */
async function findDomain(client: LibvirtClient, name: string): Promise<DomainRef> {
  const known: string[] = [];
  for (const ref of await client.listAllDomains()) {
    const metadata = parseDomainMetadata(await client.getXml(ref));
    if (metadata === undefined) continue;
    const key = `${metadata.namespace}/${metadata.name}`;
    if (metadata.uid === name || key === vmKeyOf(name)) return ref;
    known.push(key);
  }
  throw new CommandError('VM_MISSING', `there is no VM ${name} on this host (${known.length === 0 ? 'there is none' : `there is ${known.toSorted().join(', ')}`})`);
}

/** What is typed goes to the guest as it is, Ctrl-C too, for as long as this is in use. */
function rawTerminal(typed: (bytes: Buffer) => void, ended: () => void): Disposable {
  const { stdin } = process;
  stdin.on('data', typed).once('end', ended);
  if (stdin.isTTY) stdin.setRawMode(true);
  return {
    [Symbol.dispose]: () => {
      if (stdin.isTTY) stdin.setRawMode(false);
      stdin.off('data', typed).off('end', ended).pause();
      stdin.unref();
    },
  };
}
