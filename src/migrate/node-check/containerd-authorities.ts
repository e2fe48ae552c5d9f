import type { NodeFiles } from './node-files.ts'
import { pathFrom } from './node-files.ts'
import { isTable, isTomlFault, readTomlDocument } from './toml-document.ts'

/**
 * The files of authorities (`ca`) that a hosts.toml names for a host, such as `https://mirror.example`, or for the server
 * that is asked last; relative ones lie beside it (docs/hosts.md of containerd).
 */
export function containerdAuthorities(files: NodeFiles, hostsFile: string, asked: string): readonly string[] {
  const text = files.read(hostsFile)
  const read = text === undefined ? undefined : readTomlDocument(text)
  if (read === undefined || isTomlFault(read)) return []
  const { host, ca, server } = read.value
  const tables = isTable(host) ? Object.entries(host) : []
  const own = tables.find(([name]) => authorityOf(name) === authorityOf(asked))?.[1]
  const isServer = typeof server === 'string' && authorityOf(server) === authorityOf(asked)
  const named = isTable(own) ? own.ca : isServer ? ca : undefined
  const paths = (Array.isArray(named) ? named : [named]).filter((path) => typeof path === 'string')
  return paths.map((path) => pathFrom(hostsFile, path))
}

function authorityOf(url: string): string {
  return url.replace(/^https?:\/\//, '').split('/')[0]!
}
