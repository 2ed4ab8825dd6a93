import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { qemuPid } from '../../../src/node-agent/host/qemu-pid.ts';
import { recordedHost, unpackHost } from '../../fixtures/hosts/host-fixture.ts';

const qemu = (name: string) => `/usr/bin/qemu-system-x86_64\0-name\0guest=${name},debug-threads=on\0-S\0`;

const cases: { title: string; domain: string; pidFile?: string; commandLine?: string; expected: number | undefined }[] = [
  { title: 'a running domain', domain: 'rt1', pidFile: '1231\n', commandLine: qemu('rt1'), expected: 1231 },
  { title: 'without debug-threads', domain: 'rt1', pidFile: '1231', commandLine: '/usr/bin/qemu\0-name\0guest=rt1\0', expected: 1231 },
  { title: 'a name with a comma, which QEMU doubles', domain: 'a,b', pidFile: '1231', commandLine: qemu('a,,b'), expected: 1231 },
  { title: 'no pid file', domain: 'rt1', commandLine: qemu('rt1'), expected: undefined },
  { title: 'a pid file of a process that ended', domain: 'rt1', pidFile: '99999', commandLine: qemu('rt1'), expected: undefined },
  { title: 'the pid went to another domain', domain: 'rt1', pidFile: '1231', commandLine: qemu('rt10'), expected: undefined },
  { title: 'the pid went to another program', domain: 'rt1', pidFile: '1231', commandLine: '/bin/sh\0guest=rt1,\0', expected: undefined },
  { title: 'the pid went to a kernel thread', domain: 'rt1', pidFile: '1231', commandLine: '', expected: undefined },
  { title: 'an empty pid file', domain: 'rt1', pidFile: '', commandLine: qemu('rt1'), expected: undefined },
  { title: 'not a pid', domain: 'rt1', pidFile: '-1', commandLine: qemu('rt1'), expected: undefined },
  { title: 'a name that would be a path', domain: '../../proc/rt1', pidFile: '1231', commandLine: qemu('../../proc/rt1'), expected: undefined },
  { title: 'no name', domain: '', pidFile: '1231', commandLine: qemu(''), expected: undefined },
];

test.each(cases)('$title', ({ domain, pidFile, commandLine, expected }) => {
  using host = unpackHost(recordedHost('realtime-domain'));
  const write = (path: string, text: string | undefined) => {
    if (text === undefined) return;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  write(join(host.directory, 'run/qemu', `${domain}.pid`), pidFile);
  write(join(host.root.proc, '1231/cmdline'), commandLine);
  expect(qemuPid(host.root, join(host.directory, 'run'), domain)).toBe(expected);
});
