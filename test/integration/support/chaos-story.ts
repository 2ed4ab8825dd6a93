// What the VMs have been through that a breach names, a short line for each step: for whoever has only the failed run's log.
import type { ChaosEvent } from './chaos-events.ts';

/** @param times of the events, in ms. @returns the last steps, of VMs and of the data as a whole. */
export function storyOf(breaches: readonly string[], events: readonly ChaosEvent[], times: readonly number[], most = 30): readonly string[] {
  if (breaches.length === 0) return [];
  const uids = new Set(breaches.flatMap((breach) => breach.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? []));
  const steps = events.flatMap((event, i) => [...stepsIn(event, uids)].map((step) => ({ at: times[i] ?? 0, step })));
  // Tables are written for many reasons: a line that says the same again says nothing.
  const seen = new Map<string, string>();
  const news = steps.filter(({ step }) => {
    const [subject = ''] = step.split(': ', 1);
    const isNews = seen.get(subject) !== step;
    seen.set(subject, step);
    return isNews;
  });
  return news.slice(-most).map(({ at, step }) => `${at} ms ${step}`);
}

function* stepsIn(event: ChaosEvent, uids: ReadonlySet<string>): Generator<string> {
  switch (event.type) {
    case 'rolledBack':
    case 'restored':
      yield `${event.type}: at ${event.type}`;
      return;
    case 'table':
      for (const uid of uids) {
        const entry = event.guests?.find(({ vm }) => vm.uid === uid);
        const report = event.reports.find((one) => one.uid === uid);
        yield `${uid.slice(0, 8)} on ${event.node}: ${event.guests === undefined ? 'table deleted' : entry === undefined ? 'no entry' : `${entry.desired} ${entry.request?.slice(0, 4) ?? ''}`}${report === undefined ? '' : `, told ${report.phase} ${report.request?.slice(0, 4) ?? ''}`}`;
      }
      return;
    case 'vm':
      if (uids.has(event.uid)) yield `${event.uid.slice(0, 8)}: generation ${event.generation}, seen ${event.observedGeneration}${event.endsIt ? ', to end' : ''}${event.gone ? ', gone' : ''}`;
      return;
    case 'started':
    case 'ended':
    case 'refused':
    case 'byHand':
      if (uids.has(event.vm)) yield `${event.vm.slice(0, 8)} domain: ${event.type} on ${event.node}`;
      return;
    case 'drained':
    case 'falseWord':
    case 'lies':
    case 'liesEnd':
      yield `${event.node}: ${event.type}`;
      return;
    case 'strangerStarted':
    case 'strangerEnded':
    case 'node':
  }
}
