import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { machineRuntime } from '../../runtime/runtime.ts';
import { ImageCache } from './image-cache.ts';
import type { ImageCacheOptions } from './image-cache.ts';

const hash = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const content = 'image content';

let directory: string;
let server: Server;
let origin: string;
/** What the server answers, by path. */
let answers: Map<string, (response: ServerResponse) => void>;
let requests: string[];
const inUse = new Set<string>();

beforeEach(async () => {
  directory = join(mkdtempSync(join(tmpdir(), 'rtvm-cache-')), 'images');
  answers = new Map([['/rt/image', (response) => response.end(content)]]);
  requests = [];
  inUse.clear();
  server = createServer(({ url = '' }, response) => {
    requests.push(url);
    const answer = answers.get(url);
    if (answer === undefined) response.writeHead(404).end();
    else answer(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(join(directory, '..'), { recursive: true });
});

function cache(options: Partial<ImageCacheOptions> = {}): ImageCache {
  return new ImageCache({ directory, allowed: [`${origin}/rt/`], maxCacheBytes: 1000, maxImageBytes: 500, stallTimeoutMs: 10_000, runtime: machineRuntime, inUse: () => inUse, ...options });
}

const cached = () => readdirSync(directory).sort();
const redirect = (status: number, location: string) => (response: ServerResponse) => response.writeHead(status, { location }).end('moved');

test('fetches once, and has it after a restart', async () => {
  const path = await cache().ensure(`${origin}/rt/image`, hash(content).toUpperCase());
  expect(path).toBe(join(directory, `sha256-${hash(content)}`));
  expect(readFileSync(path, 'utf8')).toBe(content);
  expect(await cache().ensure(`${origin}/rt/image`, hash(content))).toBe(path);
  expect(requests).toEqual(['/rt/image']);
  expect(cached()).toEqual([`sha256-${hash(content)}`]);
});

test('one fetch serves all who ask meanwhile', async () => {
  const images = cache();
  const paths = await Promise.all(Array.from({ length: 5 }, () => images.ensure(`${origin}/rt/image`, hash(content))));
  expect(new Set(paths).size).toBe(1);
  expect(requests).toEqual(['/rt/image']);
});

test('follows redirects within the list, relative ones too', async () => {
  answers.set('/rt/old', redirect(302, 'newer'));
  answers.set('/rt/newer', redirect(308, `${origin}/rt/image`));
  expect(readFileSync(await cache().ensure(`${origin}/rt/old`, hash(content)), 'utf8')).toBe(content);
  expect(requests).toEqual(['/rt/old', '/rt/newer', '/rt/image']);
});

test('a body that arrives compressed is stored as what was asked for', async () => {
  answers.set('/rt/gz', (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(content)));
  expect(readFileSync(await cache().ensure(`${origin}/rt/gz`, hash(content)), 'utf8')).toBe(content);
});

test('what a killed process left half fetched is removed', async () => {
  mkdirSync(directory);
  writeFileSync(join(directory, 'partial-1'), 'half');
  await cache().ensure(`${origin}/rt/image`, hash(content));
  expect(cached()).toEqual([`sha256-${hash(content)}`]);
});

describe('a failure says why and leaves nothing', () => {
  const cases: { title: string; answer?: (response: ServerResponse) => void; path?: string; options?: Partial<ImageCacheOptions>; sha256?: string; code: string; message: string | RegExp }[] = [
    { title: 'wrong checksum', sha256: hash('wanted'), code: 'CHECKSUM_MISMATCH', message: `ORIGIN/rt/x has the SHA-256 ${hash(content)}, but the RealtimeImage says ${hash('wanted')}: it is not the file that was meant, or was damaged; put the right file there, or correct sha256` },
    { title: 'not on the list', path: '/other/x', code: 'URL_NOT_ALLOWED', message: 'ORIGIN/other/x is not on this host\'s list of places to fetch images from; accepted: ORIGIN/rt/; its administrator allows more with --allow-url' },
    { title: 'redirect off the list', answer: redirect(301, 'http://169.254.169.254/latest'), code: 'URL_NOT_ALLOWED', message: 'http://169.254.169.254/latest is not on this host\'s list of places to fetch images from; accepted: ORIGIN/rt/; its administrator allows more with --allow-url' },
    { title: 'redirect to another scheme', answer: redirect(307, 'file:///etc/shadow'), code: 'URL_NOT_ALLOWED', message: '"file:///etc/shadow" is not an http or https URL' },
    { title: 'redirect for ever', answer: redirect(302, '/rt/x'), code: 'DOWNLOAD_FAILED', message: 'ORIGIN/rt/x cannot be fetched: more than 5 redirects' },
    { title: 'redirect to nowhere', answer: (response) => response.writeHead(302).end(), code: 'DOWNLOAD_FAILED', message: 'ORIGIN/rt/x cannot be fetched: the server answers 302 Found' },
    { title: 'not found', answer: (response) => response.writeHead(404).end('no'), code: 'DOWNLOAD_FAILED', message: 'ORIGIN/rt/x cannot be fetched: the server answers 404 Not Found' },
    { title: 'too large, as announced', answer: (response) => response.end('x'.repeat(501)), code: 'IMAGE_TOO_LARGE', message: 'ORIGIN/rt/x is larger than the 500 bytes that this host fetches at most' },
    { title: 'too large, unannounced', answer: (response) => { response.write('x'.repeat(400)); response.end('x'.repeat(400)); }, code: 'IMAGE_TOO_LARGE', message: 'ORIGIN/rt/x is larger than the 500 bytes that this host fetches at most' },
    { title: 'broken off', answer: (response) => { response.writeHead(200, { 'content-length': '100' }); response.write('half', () => response.destroy()); }, code: 'DOWNLOAD_FAILED', message: /^ORIGIN\/rt\/x cannot be fetched: .+; check the URL and this host\'s way to it$/ },
    { title: 'stalled', answer: (response) => { response.write('half'); }, options: { stallTimeoutMs: 200 }, code: 'DOWNLOAD_FAILED', message: 'ORIGIN/rt/x cannot be fetched: no byte came for 0.2 s; check the URL and this host\'s way to it' },
    { title: 'no answer at all', answer: () => undefined, options: { stallTimeoutMs: 200 }, code: 'DOWNLOAD_FAILED', message: 'ORIGIN/rt/x cannot be fetched: no byte came for 0.2 s; check the URL and this host\'s way to it' },
    { title: 'no room in the cache', options: { maxCacheBytes: 12 }, code: 'CACHE_FULL', message: 'an image of 13 bytes does not fit the image cache DIR: images in use take 0 of its 12 bytes; give the cache more room, or remove VMs' },
  ];
  test.each(cases)('$title', async ({ answer, path = '/rt/x', options, sha256 = hash(content), code, message }) => {
    answers.set('/rt/x', answer ?? ((response) => response.end(content)));
    const error: unknown = await cache(options).ensure(`${origin}${path}`, sha256).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect((error as Error).message.replaceAll(origin, 'ORIGIN').replaceAll(directory, 'DIR')).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
    expect(cached()).toEqual([]);
  });

  test('no server', async () => {
    server.close();
    await expect(cache().ensure(`${origin}/rt/image`, hash(content))).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED', message: expect.stringContaining('ECONNREFUSED') as unknown });
    expect(cached()).toEqual([]);
  });

  test('aborted', async () => {
    answers.set('/rt/slow', (response) => { response.write('half'); });
    const abort = new AbortController();
    const pending = cache().ensure(`${origin}/rt/slow`, hash(content), abort.signal);
    server.once('request', () => setImmediate(() => abort.abort(new Error('shutting down'))));
    await expect(pending).rejects.toThrow('shutting down');
    expect(cached()).toEqual([]);
  });

  test('a cache directory that cannot be made, and a second try once it can', async () => {
    writeFileSync(directory, 'in the way');
    const images = cache();
    await expect(images.ensure(`${origin}/rt/image`, hash(content))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    rmSync(directory);
    expect(readFileSync(await images.ensure(`${origin}/rt/image`, hash(content)), 'utf8')).toBe(content);
  });
});

describe('the limit', () => {
  const names = ['oldest', 'older', 'newest'];
  const file = (name: string) => join(directory, `sha256-${hash(name)}`);
  /** Three images of 300 bytes; the next one of 200 has room for 100. */
  beforeEach(() => {
    mkdirSync(directory);
    names.forEach((name, age) => {
      writeFileSync(file(name), 'x'.repeat(300));
      utimesSync(file(name), 1000 + age, 1000 + age);
    });
    answers.set('/rt/next', (response) => response.end('y'.repeat(200)));
  });
  const left = () => names.filter((name) => existsSync(file(name)));
  const fetchNext = (images = cache()) => images.ensure(`${origin}/rt/next`, hash('y'.repeat(200)));

  test('removes what was used longest ago', async () => {
    await fetchNext();
    expect(left()).toEqual(['older', 'newest']);
  });

  test('asking for an image uses it', async () => {
    const images = cache();
    await images.ensure(`${origin}/rt/oldest`, hash('oldest'));
    await fetchNext(images);
    expect(left()).toEqual(['oldest', 'newest']);
  });

  test('leaves what guests are made from', async () => {
    inUse.add(hash('oldest'));
    await fetchNext();
    expect(left()).toEqual(['oldest', 'newest']);
  });

  test('is kept where all are in use', async () => {
    for (const name of names) inUse.add(hash(name));
    await expect(fetchNext()).rejects.toMatchObject({ code: 'CACHE_FULL', message: expect.stringContaining('images in use take 900 of its 1000 bytes') as unknown });
    expect(cached()).toEqual(names.map((name) => `sha256-${hash(name)}`).sort());
  });

  test('is kept where the server does not say how much comes', async () => {
    answers.set('/rt/next', (response) => { response.write('y'.repeat(100)); response.end('y'.repeat(100)); });
    await fetchNext();
    expect(left()).toEqual(['older', 'newest']);
  });
});
