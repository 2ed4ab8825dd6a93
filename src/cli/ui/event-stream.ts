/** Tells one browser what a reader of the feed is told, as server-sent events. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../runtime/clock.ts';
import type { FeedReader } from './feed-reader.ts';
import type { Hello } from './wire.ts';

/** So that the page notices a connection that has died without a word; it gives up after three of them. */
const beatMs = 5000;
/** How soon a browser connects again. */
const retryMs = 1000;

/** Writes until the browser goes, or the reader is closed. */
export async function streamEvents(response: ServerResponse, reader: FeedReader, hello: Hello, clock: Clock): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => {
    gone.abort();
    reader.close();
  });
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const beat = (): Timer => clock.after(beatMs, () => {
    if (!response.writableNeedDrain) response.write('event: beat\ndata:\n\n');
    nextBeat = beat();
  });
  let nextBeat = beat();
  try {
    response.write(`retry: ${retryMs}\nevent: hello\ndata: ${JSON.stringify(hello)}\n\n`);
    for await (const { event, data } of reader.messages()) {
      // What changes while a browser is slow merges in its reader.
      if (!response.write(`event: ${event}\ndata: ${data}\n\n`)) await once(response, 'drain', { signal: gone.signal });
    }
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    nextBeat.cancel();
    reader.close();
    response.end();
  }
}
