/** An entry of the log as a line for a person at this host: `default/du-1: correcting threads (domain rtvm-…): CPU 1/KVM: …`. */
import type { LogEntry, LogFields } from '../../runtime/log.ts';
import { loggedError } from '../../runtime/logged-error.ts';

/**
 * The VM, the message, what it is about, what was found, and what helps. Left out is what such a person has no use for: which node
 * (it is this host), the names of requests, and all of an error but its message. Nothing that somebody wrote begins a line.
 */
export function formatLogForPeople({ message, fields }: LogEntry): string {
  const { vm, detail, findings, problems, remedy } = fields;
  const about = aboutText(fields);
  const found = [detail, findings?.join('; '), problems?.join('; ')].filter((text) => (text ?? '') !== '').join(': ');
  const why = errorText(fields.error);
  return [
    ...(vm === undefined ? [] : [vm]),
    about === '' ? message : `${message} (${about})`,
    ...(found === '' ? [] : [found]),
    // What was found often says why already.
    ...(why === undefined || found.includes(why) ? [] : [why]),
    ...(remedy === undefined ? [] : [remedy]),
  ].join(': ').replaceAll(/\s*\n\s*/g, ' ');
}

function aboutText(fields: LogFields): string {
  const { uid, domain, cpus, file, report, reason, gracePeriodSeconds, retryInMs, nodes } = fields;
  return [
    phrase(uid, (text) => `VM ${text}`),
    phrase(domain, (text) => `domain ${text}`),
    phrase(cpus, (text) => `pCPUs ${text}`),
    phrase(file, (text) => text),
    phrase(report, (text) => `report of ${text}`),
    phrase(reason, (text) => text),
    phrase(nodes?.join(' '), (text) => `nodes ${text}`),
    phrase(gracePeriodSeconds, (seconds) => `${seconds} s`),
    phrase(retryInMs, (ms) => `in ${ms} ms`),
  ].filter((text) => text !== undefined).join(', ');
}

function phrase<Value>(value: Value | undefined, format: (value: Value) => string): string | undefined {
  return value === undefined ? undefined : format(value);
}

function errorText(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  const { name, message } = loggedError(error);
  return message === '' ? name : message;
}
