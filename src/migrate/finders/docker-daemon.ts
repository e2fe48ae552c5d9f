import { createYamlFinder } from './yaml-finder.ts'

/** Finds registries in Docker's `daemon.json`: mirrors, and registries that need no TLS. */
export const findInDockerDaemon = createYamlFinder({ format: 'docker-daemon' })
