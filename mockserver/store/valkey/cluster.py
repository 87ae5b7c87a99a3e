"""The connection to a cluster of Valkey servers, each of which has a part of the sandboxes."""

import asyncio
from collections.abc import Sequence
from typing import Any

import redis
import redis.asyncio.cluster
import redis.cluster

from mockserver.store.valkey.connection import RETRY, Run, Valkey, command_of


class ValkeyCluster(Valkey):
    """The connection to the cluster that the server at `url`, such as `valkey+cluster://localhost:6379`, belongs to.

    All keys of a sandbox are on one server of the cluster. Messages reach all servers.
    """

    def _synchronous(self, address: str, options: dict[str, Any]) -> Any:
        return redis.cluster.RedisCluster.from_url(address, **options)

    def _asynchronous(self, address: str, options: dict[str, Any]) -> Any:
        return redis.asyncio.cluster.RedisCluster.from_url(address, retry=RETRY, **options)

    async def _sent(self, runs: Sequence[Run]) -> list[Any]:
        """Send each script to the server that has its keys, all at once."""
        return list(await asyncio.gather(*(self._sent_alone(run) for run in runs)))

    async def _sent_alone(self, run: Run) -> Any:
        try:
            return await self._client.execute_command(*command_of(run))
        except redis.exceptions.NoScriptError as error:
            return error
