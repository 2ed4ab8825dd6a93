// Debian's Chromium without a window, as a person's browser on the page.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { BrowserContext, Page } from 'playwright-core';

export const chromiumPath = '/usr/bin/chromium';

/** Nothing but the page: no GPU, no calls home. */
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** A browser with a profile of its own, removed with it. */
export async function openBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'rtvm-chromium-'));
  try {
    const context = await chromium.launchPersistentContext(profile, { executablePath: chromiumPath, headless: true, args, viewport: { width: 1440, height: 900 } });
    return new Browser(context, profile);
  } catch (error) {
    rmSync(profile, { recursive: true, force: true });
    throw error;
  }
}

export class Browser implements AsyncDisposable {
  /** What the browser complained of: errors of the page, and what its Content-Security-Policy stopped. */
  readonly complaints: string[] = [];
  readonly #context: BrowserContext;
  readonly #profile: string;

  constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
    context.setDefaultTimeout(60_000);
  }

  async open(url: string): Promise<Page> {
    const page = await this.#context.newPage();
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    // A connection that is refused while the server is away is a line in the console, and meant so.
    page.on('console', (message) => message.type() === 'error' && !/ERR_(?:CONNECTION|INCOMPLETE)/.test(message.text()) && this.complaints.push(message.text()));
    await page.goto(url);
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}
