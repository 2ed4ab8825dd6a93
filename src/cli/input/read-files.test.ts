import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Io } from '../io.ts';
import { readInputFiles } from './read-files.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtvm-input-'));
});
afterEach(() => rm(directory, { recursive: true }));

const ioWith = (stdin: string) => new Io({ stdin: Readable.from([stdin]), stdout: new PassThrough(), stderr: new PassThrough(), env: {} });
const read = (paths: readonly string[], stdin = '') => readInputFiles(paths.map((path) => (path === '-' ? path : join(directory, path))), ioWith(stdin));

describe('readInputFiles', () => {
  it('reads files as given, a directory by name, and standard input once', async () => {
    await mkdir(join(directory, 'more/nested'), { recursive: true });
    for (const name of ['one.txt', 'more/b.yaml', 'more/a.yml', 'more/c.json', 'more/notes.md', 'more/nested/d.yaml']) await writeFile(join(directory, name), name);
    expect(await read(['one.txt', '-', 'more', '-'], 'piped')).toEqual([
      { file: join(directory, 'one.txt'), text: 'one.txt' },
      { file: '<stdin>', text: 'piped' },
      { file: join(directory, 'more/a.yml'), text: 'more/a.yml' },
      { file: join(directory, 'more/b.yaml'), text: 'more/b.yaml' },
      { file: join(directory, 'more/c.json'), text: 'more/c.json' },
    ]);
  });

  it('says which path is missing', async () => {
    await expect(read(['nowhere.yaml'])).rejects.toMatchObject({ code: 'FILE_MISSING', message: `${join(directory, 'nowhere.yaml')}: no such file or directory` });
  });

  it('says that a directory has nothing to read', async () => {
    await mkdir(join(directory, 'empty'));
    await expect(read(['empty'])).rejects.toMatchObject({ code: 'DIRECTORY_EMPTY', message: `${join(directory, 'empty')}: no *.yaml, *.yml or *.json in this directory (subdirectories are not read)` });
  });
});
