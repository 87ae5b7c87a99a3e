// A small client of VideoToPrompt: the application that the examples test.

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Analyzer {
  constructor({ url, key, every = 10 }) {
    this.url = url;
    this.headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    this.every = every;
  }

  /** Submit a video, and return the id of its analysis. */
  async submit(video, tries = 3) {
    for (let number = 1; ; number += 1) {
      const reply = await fetch(`${this.url}/analyze/url`, {
        method: 'POST',
        headers: this.headers,
        body: JSON.stringify({ url: video }),
      });
      const body = await reply.json();
      if (reply.ok) return body.id;
      if (reply.status !== 429 || number === tries) throw new Error(`refused with ${reply.status}`);
      await pause(Number(reply.headers.get('retry-after') ?? 0) * 1000);
    }
  }

  /** Return the prompt for a video. */
  async prompt(video) {
    const id = await this.submit(video);
    for (;;) {
      const result = await (await fetch(`${this.url}/analyze/${id}`, { headers: this.headers })).json();
      if (result.status === 'completed') return result.prompt.full;
      if (result.status === 'failed') throw new Error(result.error.message ?? result.error);
      await pause(this.every);
    }
  }
}
