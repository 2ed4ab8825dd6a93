/** What is known of a restore, for people and for programs. */
import type { Io } from '../io.ts';
import { wrap } from '../table.ts';
import { silentNodes } from './restore-state.ts';
import type { RestoreState } from './restore-state.ts';

/** How the two commands are called here, and what is done where a node is silent. */
export interface RestoreWords {
  readonly command: string;
  readonly silence: (nodes: readonly string[]) => string;
}

/** In a cluster. */
export const clusterWords: RestoreWords = {
  command: 'kubectl rtvm restore',
  silence: (nodes) => `have their agents running again; where a machine is off, and stays off: kubectl rtvm restore accept --off ${nodes.join(',')}`,
};

/** On one host by itself. */
export const hostWords: RestoreWords = {
  command: 'rtvm restore',
  silence: () => 'have it answer: rtvm run, in another terminal',
};

export function restoreText(state: RestoreState | undefined, words: RestoreWords, io: Io): string {
  if (state === undefined) return io.style('green', 'no restore of the store is open');
  const silent = silentNodes(state);
  const bold = (text: string) => io.style('bold', text);
  const off = state.nodes.filter(({ saidOff }) => saidOff).map(({ node }) => node);
  return [
    io.style('red', headline(state)),
    ...wrap(`restore ${state.id}; no agent starts or stops anything meanwhile, what runs runs on, and deletions go on`, io.columns),
    ...section(bold('nodes:'), [
      `${state.nodes.filter(({ answered, saidOff }) => answered && !saidOff).length} of ${state.nodes.length} have answered`,
      ...silent.map((node) => `${node}: not answered`), ...off.map((node) => `${node}: said to be off`),
    ], io),
    ...section(bold('VMs whose run does not say what lives:'), state.unsettled.map(({ namespace, name, message }) => `${namespace}/${name}: ${message}`), io),
    ...section(bold('domains whose VMs are gone, kept until a person ends them:'), state.kept.map(({ node, grant, domain, vm }) => (
      `${node}: ${domain ?? `the domain of grant ${grant}`}${vm === undefined ? '' : `, made for RealtimeVM ${vm}`}`
    )), io),
    ...section(bold('what to do:'), restoreAdvice(state, words), io),
  ].join('\n');
}

/** What `-o json` prints; stable. */
export function restoreReport(state: RestoreState | undefined, words: RestoreWords) {
  return {
    open: state !== undefined,
    id: state?.id ?? null,
    kind: state?.kind ?? null,
    accepted: state?.accepted === undefined ? null : { off: state.accepted.off },
    nodes: (state?.nodes ?? []).map(({ node, answered, saidOff }) => ({ node, answered, saidOff })),
    unsettled: (state?.unsettled ?? []).map(({ namespace, name, message }) => ({ namespace, name, message })),
    kept: (state?.kept ?? []).map(({ node, grant, domain, vm }) => ({ node, grant, domain: domain ?? null, vm: vm ?? null })),
    advice: state === undefined ? [] : restoreAdvice(state, words),
  };
}

function restoreAdvice(state: RestoreState, { command, silence }: RestoreWords): readonly string[] {
  const silent = silentNodes(state);
  const waits = silent.length === 0 ? [] : [silence(silent)];
  const kept = state.kept.length === 0 ? [] : ['what is kept: apply the manifest of its VM again and end the domain, or end it alone, on its host: virsh destroy DOMAIN; virsh undefine --nvram DOMAIN'];
  if (state.accepted !== undefined) {
    return [...waits, ...(silent.length > 0 ? [] : ['it is accepted, and ends by itself once each run says what lives: a controller must be at work']), ...kept];
  }
  if (state.kind === 'suspected') {
    return [...waits, `it ends by itself once all have answered and none knows more than the store; where you know that the store was restored: ${command} accept`, ...kept];
  }
  return [
    ...waits,
    'make the store say what is wanted now: delete again what was deleted since the backup, apply what was made or changed since, and look at spec.runStrategy of what was started or stopped since',
    `then: ${command} accept`,
    ...kept,
  ];
}

function headline({ kind, accepted }: RestoreState): string {
  const what = kind === 'found' ? 'the store was put back to an older state' : 'the store may have been put back to an older state: no controller was at work for long';
  return `${what}; ${accepted === undefined ? 'nothing is started or stopped before that is accepted' : 'a person has accepted that'}`;
}

function section(title: string, items: readonly string[], io: Io): readonly string[] {
  return items.length === 0 ? [] : [title, ...items.flatMap((item) => wrap(item, io.columns - 4).map((line, index) => (index === 0 ? `  - ${line}` : `    ${line}`)))];
}
