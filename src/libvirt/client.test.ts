import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LibvirtClient } from './client.ts';
import type { DomainRef } from './domain-types.ts';
import { encodeFrame, FrameSplitter, frameStatus, frameTypes } from './frame.ts';
import { authTypes, procedures } from './procedures.ts';
import { XdrWriter } from './xdr.ts';

const domain: DomainRef = { name: 'd', uuid: '00000000-0000-0000-0000-000000000000', id: -1 };
const reference = () => new XdrWriter().string(domain.name).fixedOpaque(Buffer.alloc(16)).i32(domain.id).bytes();

/** Of each procedure that is asked for here, what a libvirt answers. */
const answers = new Map<number, () => Buffer>([
  [procedures.authList.number, () => new XdrWriter().u32(1).u32(authTypes.none).bytes()],
  [procedures.supportsFeature.number, () => new XdrWriter().i32(0).bytes()],
  [procedures.domainCreateWithFlags.number, reference],
]);

let directory: string;
let server: Server;
let client: LibvirtClient;
/** Payloads of the calls, each with its procedure. */
let calls: (readonly [number, Buffer])[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'libvirt-client-'));
  calls = [];
  server = createServer((socket) => {
    const splitter = new FrameSplitter();
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      for (const frame of splitter.push(chunk)) {
        calls.push([frame.procedure, frame.payload]);
        const payload = answers.get(frame.procedure)?.() ?? Buffer.alloc(0);
        socket.write(encodeFrame({ ...frame, type: frameTypes.reply, status: frameStatus.ok, payload }));
      }
    });
  });
  const socketPath = join(directory, 'sock');
  server.listen(socketPath);
  await once(server, 'listening');
  client = await LibvirtClient.open({ socketPath });
});

afterEach(async () => {
  client[Symbol.dispose]();
  server.close();
  await once(server, 'close');
  rmSync(directory, { recursive: true });
});

/** The flags are the last number of these calls. */
function flagsOf({ number }: { readonly number: number }): readonly number[] {
  const asked = calls.filter(([procedure]) => procedure === number);
  return asked.map(([, payload]) => payload.readUInt32BE(payload.length - 4));
}

it('starts a domain from a state that was saved of it, unless that is to be thrown away', async () => {
  await client.create(domain);
  await client.create(domain, { forceBoot: true });
  await client.create(domain, { paused: true, forceBoot: true });
  expect(flagsOf(procedures.domainCreateWithFlags)).toEqual([0, 8, 9]);
});

it('undefines a domain with all that is kept beside it, unless its NVRAM is to stay', async () => {
  await client.undefine(domain);
  await client.undefine(domain, { nvram: false, keepNvram: true });
  expect(flagsOf(procedures.domainUndefineFlags)).toEqual([1 + 2 + 4 + 16, 1 + 2 + 8 + 16]);
});
