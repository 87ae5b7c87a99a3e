"""The exam: sends a receiver of webhooks valid, forged and unusual events, and judges its answers."""
