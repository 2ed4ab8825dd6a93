// node scripts/pictures/main.ts: the terminal pictures. docs/plan.svg of what `rtvm plan` prints now; in build/screenshots/ one of each example
// that docs/kubectl-rtvm.md shows, which its test holds to what is printed.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capturedRun } from '../../src/cli/captured-run.ts';
import { terminalPicture } from './terminal-picture.ts';

const repository = join(import.meta.dirname, '../..');
const folder = join(repository, 'build/screenshots');
mkdirSync(folder, { recursive: true });

const example = (name: string) => join(repository, 'examples', name);
const { exitCode, stdout, stderr } = await capturedRun(['plan', '-f', example('plc-vm.yaml'), '-f', example('probe-vm.yaml'), '--host', example('host-a.yaml')], { env: { LANG: 'C.UTF-8' } });
if (exitCode !== 0) throw new Error(`rtvm plan says of the examples: ${stderr}`);
writeFileSync(join(repository, 'docs/plan.svg'), terminalPicture('rtvm plan -f plc-vm.yaml -f probe-vm.yaml --host host-a.yaml', stdout));

const page = readFileSync(join(repository, 'docs/kubectl-rtvm.md'), 'utf8');
for (const [, command, output] of page.matchAll(/^```console\n\$ (kubectl rtvm [^\n]*)\n(.*?)\n```$/gms)) {
  writeFileSync(join(folder, `${command!.replaceAll(/[^a-z0-9]+/gi, '-')}.svg`), terminalPicture(command!, output!));
}
