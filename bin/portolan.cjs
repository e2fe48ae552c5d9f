#!/usr/bin/env node
// In words that Nodes of long ago know too, since this is where they are told that they are too old.
var wanted = require('../package.json').engines.node
var least = /(\d+)\.(\d+)/.exec(wanted)
var versions = process.versions
var own = versions.node.split('.')
var name = versions.bun ? ['Bun', versions.bun].join(' ') : ['Node', versions.node].join(' ')

if (own[0] - least[1] < 0 || (own[0] === least[1] && own[1] - least[2] < 0)) {
  console.error('portolan: needs Node %s or later, or Bun 1.4 or later; this is %s', least[0], name)
  process.exitCode = 2
} else {
  require('./start.cjs')
}
