/** Reads the bodies of answers: whole, or line by line as they arrive. */
import { TransportError } from './transport.ts';

export async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * JSON values, one a line.
 * @param heard called when a chunk has arrived, and when its lines have been dealt with.
 * @throws TransportError where the body ends within a line.
 */
export async function* readJsonLines(body: AsyncIterable<Uint8Array>, heard: () => void): AsyncGenerator<unknown, void, undefined> {
  const decoder = new TextDecoder();
  // Of a line that has not ended: kept in pieces, since a long one comes in many.
  let begun: string[] = [];
  for await (const chunk of body) {
    heard();
    const [first, ...rest] = decoder.decode(chunk, { stream: true }).split('\n');
    begun.push(first!);
    for (const next of rest) {
      const line = begun.join('');
      begun = [next];
      if (line !== '') yield JSON.parse(line) as unknown;
    }
    heard();
  }
  if (begun.some((piece) => piece !== '')) throw new TransportError('the connection was cut within an event', { unsent: false, cause: undefined });
}
