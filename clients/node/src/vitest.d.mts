import type { TestAPI } from 'vitest';
import type { Sandbox } from '../types/sandbox.js';
import type { TestOptions } from '../types/each-test.js';

export interface MockServerFixtures {
  /** The sandbox of this test. */
  mockserver: Sandbox;
  /** What it starts with. Change it with `test.extend({ mockserverOptions: { scenario: 'tour' } })`. */
  mockserverOptions: TestOptions;
}

/** Vitest's `test`, with the fixture `mockserver`: a sandbox for each test that uses it. */
export const test: TestAPI<MockServerFixtures>;
export const it: typeof test;
