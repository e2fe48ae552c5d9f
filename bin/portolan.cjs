#!/usr/bin/env node
// In words that Nodes of long ago know too, since this is where they are told that they are too old.
var wanted = /(\d+\.\d+)/.exec(require('../package.json').engines.node)[1]
var wantedBun = '1.4'
var versions = process.versions
// A Bun says of which Node it has the functions, too; that is not what it lacks.
var least = (versions.bun ? wantedBun : wanted).split('.')
var own = (versions.bun || versions.node).split('.')
var name = [versions.bun ? 'Bun' : 'Node', own.join('.')].join(' ')

if (own[0] - least[0] < 0 || (own[0] === least[0] && own[1] - least[1] < 0)) {
  console.error('portolan: needs Node %s or later, or Bun %s or later; this is %s', wanted, wantedBun, name)
  process.exitCode = 2
} else {
  require('./start.cjs')
}
