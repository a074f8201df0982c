// Where an SQLite database can be besides a file; apart from the engine, so that asking does not load it.

/** A database in memory, gone when it closes. */
export const memoryPlace = ':memory:';
