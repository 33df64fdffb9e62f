"""The registry for asyncio: its methods as coroutines, its feeds for any number of subscribers."""
