import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { globalSetup: 'ai-video-mockserver/global-setup' },
});
