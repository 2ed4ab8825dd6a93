import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Connection } from './connection.ts';
import type { LibvirtConnectionError } from './errors.ts';
import { encodeFrame, FrameSplitter, frameStatus, frameTypes, programs } from './frame.ts';
import type { Frame } from './frame.ts';
import { procedures } from './procedures.ts';
import { XdrWriter } from './xdr.ts';

const dir = mkdtempSync(join(tmpdir(), 'libvirt-connection-'));
const socketPath = join(dir, 'sock');
const lookup = procedures.domainLookupByName;

/** The other end of the socket, in the test's hands: it records the frames it gets and sends what it is told to. */
class Peer {
  readonly frames: Frame[] = [];
  readonly #server: Server;
  readonly #splitter = new FrameSplitter();
  #socket = Promise.withResolvers<Socket>();
  #arrived = Promise.withResolvers<undefined>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      socket.on('data', (chunk: Buffer) => {
        this.frames.push(...this.#splitter.push(chunk));
        this.#arrived.resolve(undefined);
        this.#arrived = Promise.withResolvers();
      });
      socket.on('error', () => undefined); // the client may hang up first
      this.#socket.resolve(socket);
    });
  }

  static async listen(): Promise<Peer> {
    const server = createServer();
    const peer = new Peer(server);
    server.listen(socketPath);
    await once(server, 'listening');
    return peer;
  }

  async received(count: number): Promise<readonly Frame[]> {
    while (this.frames.length < count) await this.#arrived.promise;
    return this.frames;
  }

  async send(bytes: Uint8Array): Promise<void> {
    (await this.#socket.promise).write(bytes);
  }

  reply(call: Frame, payload: Buffer = Buffer.alloc(0), changes: Partial<Frame> = {}): Promise<void> {
    return this.send(encodeFrame({ ...call, type: frameTypes.reply, status: frameStatus.ok, payload, ...changes }));
  }

  async hangUp(): Promise<void> {
    (await this.#socket.promise).destroy();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    await this.hangUp();
    await closed;
  }
}

afterAll(() => rmSync(dir, { recursive: true }));

let peer: Peer;
let connection: Connection;
let events: number[];

beforeEach(async () => {
  peer = await Peer.listen();
  events = [];
  connection = await Connection.open({ socketPath, onMessage: (procedure, payload) => events.push(procedure, payload.u32()) });
});

afterEach(async () => {
  connection.close();
  await peer.close();
});

function domainNamed(name: string): Buffer {
  return new XdrWriter().string(name).fixedOpaque(Buffer.alloc(16)).i32(-1).bytes();
}

function ref(name: string): object {
  return { name, uuid: '00000000-0000-0000-0000-000000000000', id: -1 };
}

describe('calls', () => {
  it('match their replies whatever the order of these', async () => {
    const calls = ['a', 'b', 'c'].map((name) => connection.call(lookup, name));
    const [a, b, c] = await peer.received(3);
    expect([a, b, c].map((frame) => frame?.serial)).toEqual([1, 2, 3]);
    await peer.reply(c!, domainNamed('c'));
    await peer.reply(a!, domainNamed('a'));
    await peer.reply(b!, domainNamed('b'));
    expect(await Promise.all(calls)).toEqual([ref('a'), ref('b'), ref('c')]);
  });

  it('reject with what libvirt says', async () => {
    const call = connection.call(lookup, 'a');
    const [frame] = await peer.received(1);
    const payload = new XdrWriter().i32(42).i32(10).u32(1).string('Domain not found').i32(2).u32(0).u32(0).u32(0).u32(0).i32(-1).i32(-1).u32(0).bytes();
    await peer.reply(frame!, payload, { status: frameStatus.error });
    await expect(call).rejects.toMatchObject({ name: 'LibvirtError', code: 'NO_DOMAIN', origin: 'QEMU', procedure: 'domainLookupByName' });
  });

  it('wait behind four that are under way', async () => {
    const calls = ['a', 'b', 'c', 'd', 'e'].map((name) => connection.call(lookup, name));
    const frames = [...await peer.received(4)];
    await peer.reply(frames[2]!, domainNamed('c'));
    const fifth = (await peer.received(5))[4];
    expect(fifth?.serial).toBe(5);
    for (const [index, name] of [[0, 'a'], [1, 'b'], [3, 'd'], [4, 'e']] as const) await peer.reply(peer.frames[index]!, domainNamed(name));
    expect(await Promise.all(calls)).toEqual(['a', 'b', 'c', 'd', 'e'].map(ref));
  });

  it('with arguments that cannot be sent are refused, and the connection goes on', async () => {
    await expect(connection.call(lookup, 'a\0b')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: 'domainLookupByName was not sent: a string with a NUL character cannot be sent to libvirt' });
    const call = connection.call(lookup, 'a');
    await peer.reply((await peer.received(1))[0]!, domainNamed('a'));
    expect(await call).toEqual(ref('a'));
  });

  it('stop waiting when aborted, before and after they are sent; a late reply is then nobody\'s and harmless', async () => {
    const reason = new Error('no longer wanted');
    const controller = new AbortController();
    const call = connection.call(lookup, 'a', { signal: controller.signal });
    const [frame] = await peer.received(1);
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(connection.call(lookup, 'b', { signal: controller.signal })).rejects.toBe(reason);
    await peer.reply(frame!, domainNamed('a'));
    const next = connection.call(lookup, 'c');
    await peer.reply((await peer.received(2))[1]!, domainNamed('c'));
    expect(await next).toEqual(ref('c'));
  });

  it('stop waiting after their own timeout', async () => {
    await expect(connection.call(lookup, 'a', { timeoutMs: 1 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('that hang do not hold up all others for ever: the connection ends', async () => {
    const hung = ['a', 'b', 'c', 'd'].map((name) => connection.call(lookup, name, { timeoutMs: 1 }));
    expect(await Promise.allSettled(hung)).toMatchObject(hung.map(() => ({ status: 'rejected', reason: { code: 'TIMEOUT' } })));
    await expect(connection.call(lookup, 'e')).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(await connection.closed).toMatchObject({ code: 'TIMEOUT' });
  });
});

describe('the end of a connection', () => {
  it('rejects every call, waiting or under way, and every later one', async () => {
    const calls = Array.from({ length: 9 }, (_, index) => connection.call(lookup, `vm-${index}`));
    await peer.received(4);
    await peer.hangUp();
    const reason: LibvirtConnectionError = await connection.closed;
    expect(reason.code).toBe('CONNECTION_CLOSED');
    expect(await Promise.allSettled(calls)).toEqual(calls.map(() => ({ status: 'rejected', reason })));
    await expect(connection.call(lookup, 'late')).rejects.toBe(reason);
  });

  it('by our own side says so', async () => {
    const call = connection.call(lookup, 'a');
    connection.close();
    await expect(call).rejects.toMatchObject({ code: 'CONNECTION_CLOSED', message: `the connection to ${socketPath} was closed on our side` });
  });
});

describe('messages', () => {
  it('of events go to the handler', async () => {
    await peer.send(encodeFrame({ program: programs.remote, procedure: 318, type: frameTypes.message, serial: 0, status: 0, payload: new XdrWriter().u32(7).bytes() }));
    const call = connection.call(lookup, 'a'); // replied to after it, so the event is through when this is
    await peer.reply((await peer.received(1))[0]!, domainNamed('a'));
    await call;
    expect(events).toEqual([318, 7]);
  });

  it('of keepalive: a ping is answered', async () => {
    const pong = { program: programs.keepalive, procedure: 2, type: frameTypes.message, serial: 0, status: 0, payload: Buffer.alloc(0) };
    await peer.send(encodeFrame({ ...pong, procedure: 1 }));
    expect(await peer.received(1)).toEqual([pong]);
  });

  const good: Frame = { program: programs.remote, procedure: lookup.number, type: frameTypes.reply, serial: 1, status: 0, payload: domainNamed('a') };
  it.each<[string, Partial<Frame>, string]>([
    ['an unknown program', { program: 0xdead }, 'program 0xdead'],
    ['a type that we did not ask for', { type: 4 }, 'a message of type 4'],
    ['a packet of a stream that is not open', { type: 3 }, 'which is not open'],
    ['an unknown keepalive procedure', { program: programs.keepalive, procedure: 3 }, 'keepalive procedure 3'],
    ['a reply to a call that was not made', { serial: 99 }, 'a reply to call 99, which is not under way'],
    ['a reply of another procedure', { procedure: 1 }, 'a reply of procedure 1 to domainLookupByName (23)'],
    ['a reply with an unknown status', { status: 2 }, 'a reply with status 2'],
    ['a reply that is too short', { payload: Buffer.alloc(3) }, 'the reply to domainLookupByName cannot be read (4 bytes are missing at offset 0)'],
    ['a reply that is too long', { payload: Buffer.concat([good.payload, Buffer.alloc(4)]) }, 'the reply to domainLookupByName cannot be read (4 bytes are left after the last value)'],
    ['an event that cannot be read', { type: frameTypes.message, payload: Buffer.alloc(0) }, 'a message cannot be read (4 bytes are missing at offset 0)'],
  ])('of nonsense end the connection: %s', async (_, changes, what) => {
    const call = connection.call(lookup, 'a');
    await peer.received(1);
    await peer.send(encodeFrame({ ...good, ...changes }));
    await expect(call).rejects.toMatchObject({ code: 'PROTOCOL', message: expect.stringContaining(what) as string });
    expect(await connection.closed).toMatchObject({ code: 'PROTOCOL' });
  });
});

describe('garbage', () => {
  const noise = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  /** Frames that are right in all but a little, which get deeper than noise does. */
  const nearlyRight = fc.record({
    program: fc.constantFrom(programs.remote, programs.keepalive, 1),
    procedure: fc.constantFrom(lookup.number, 1, 2, 318),
    type: fc.nat(6),
    serial: fc.nat(3),
    status: fc.nat(3),
    payload: fc.oneof(noise, fc.constant(domainNamed('a'))),
  }).map(encodeFrame);

  it('settles every call and ends the connection, as PROTOCOL or, where it might still have become a message, when the peer hangs up', async () => {
    const garbagePath = join(dir, 'garbage');
    await fc.assert(fc.asyncProperty(fc.array(fc.oneof(noise, nearlyRight)), async (chunks) => {
      const server = createServer((socket) => {
        socket.resume();
        socket.on('error', () => undefined); // the client hangs up first
        for (const chunk of chunks) socket.write(chunk);
        socket.end();
      });
      server.listen(garbagePath);
      await once(server, 'listening');
      const opened = await Connection.open({ socketPath: garbagePath, onMessage: (_, payload) => payload.string() });
      const outcomes = await Promise.all(['a', 'b'].map((name) => opened.call(lookup, name).catch((error: unknown) => error)));
      const reason = await opened.closed;
      server.close();
      await once(server, 'close');
      expect(['PROTOCOL', 'CONNECTION_CLOSED']).toContain(reason.code);
      for (const outcome of outcomes) {
        const name = outcome instanceof Error ? outcome.name : 'an answer';
        expect(['LibvirtConnectionError', 'LibvirtError', 'an answer']).toContain(name);
      }
    }), { numRuns: 200 });
  });
});

describe('a socket that cannot be connected to', () => {
  it.each([
    ['is missing', join(dir, 'nothing'), 'SOCKET_MISSING'],
    ['lies below a file', join(socketPath, 'below'), 'SOCKET_MISSING'],
    ['has too long a path', join(dir, 'x'.repeat(120)), 'INVALID_ARGUMENT'],
  ])('%s', async (_, path, code) => {
    await expect(Connection.open({ socketPath: path, onMessage: () => undefined })).rejects.toMatchObject({ name: 'LibvirtConnectionError', code });
  });

  it('is not waited for once aborted', async () => {
    const reason = new Error('stopping');
    await expect(Connection.open({ socketPath, signal: AbortSignal.abort(reason), onMessage: () => undefined })).rejects.toBe(reason);
  });
});
