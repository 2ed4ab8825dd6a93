/** The connection to the server: made again by itself, and honest about when it is not there. */
import type { Change, Hello, Sight } from '../wire.ts';

export type Liveness =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** What is shown is as of then. */
  | { readonly kind: 'stale'; readonly since: Date; readonly why: string };

export interface LiveHandlers {
  readonly hello: (hello: Hello) => void;
  readonly change: (change: Change) => void;
  readonly sight: (sight: Sight) => void;
  readonly liveness: (liveness: Liveness) => void;
}

/** The server says something every 5 s; after three times that, the connection is dead. */
const silentMs = 15_000;
/** Between two looks; a browser gives up on a connection that was refused outright, and is asked again then. */
const lookMs = 1000;

export function connect(handlers: LiveHandlers): void {
  let heardAt = new Date();
  let source: EventSource | undefined;
  let sight: Sight = { complete: false, problems: [] };
  let told = '';
  const tell = (liveness: Liveness) => {
    const key = liveness.kind === 'stale' ? `stale ${liveness.why}` : liveness.kind;
    if (key !== told) handlers.liveness(liveness);
    told = key;
  };
  const look = () => {
    const silent = Date.now() - heardAt.getTime() > silentMs;
    if (source?.readyState !== EventSource.OPEN || silent) {
      if (told !== '' && told !== 'connecting') tell({ kind: 'stale', since: heardAt, why: 'no answer from the server' });
      else tell({ kind: 'connecting' });
    } else if (sight.problems.length > 0) tell({ kind: 'stale', since: heardAt, why: sight.problems.join('; ') });
    else tell({ kind: sight.complete ? 'live' : 'connecting' });
    if (source?.readyState === EventSource.CLOSED || silent) open();
  };
  const open = () => {
    source?.close();
    heardAt = new Date();
    const opened = new EventSource('events');
    source = opened;
    const on = (name: string, take: (data: string) => void) => opened.addEventListener(name, ({ data }: MessageEvent<string>) => {
      heardAt = new Date();
      take(data);
    });
    on('hello', (data) => {
      sight = { complete: false, problems: [] };
      handlers.hello(JSON.parse(data) as Hello);
    });
    on('change', (data) => handlers.change(JSON.parse(data) as Change));
    on('sight', (data) => {
      sight = JSON.parse(data) as Sight;
      handlers.sight(sight);
      look();
    });
    on('beat', () => undefined);
    opened.addEventListener('error', look);
  };
  open();
  look();
  setInterval(look, lookMs);
}
