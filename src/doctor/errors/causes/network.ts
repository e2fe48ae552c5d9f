import { defineCauses } from '../cause.ts'

/** What keeps a client from reaching a host at all. */
export const NETWORK_CAUSES = defineCauses({
  dns: {
    step: 'dns',
    owner: 'the network',
    is: '{host} cannot be looked up',
    because: [
      'the name is misspelt, or it exists only in another network',
      'the name server that this machine asks does not answer, or may not ask others',
      'the name has no address of the family that this machine uses',
    ],
    try: [
      '`getent ahosts {host}`, on the machine that pulls',
      '`cat /etc/resolv.conf`, and ask another name server: `nslookup {host} 1.1.1.1`',
      'after a change of /etc/resolv.conf, restart the runtime: `systemctl restart containerd`',
    ],
    allow: true,
  },
  'dns-server-failure': {
    step: 'dns',
    owner: 'the network',
    is: 'the name server fails when it is asked for {host}',
    because: [
      'it cannot reach the servers of that name, or its own upstream, as behind a firewall on port 53',
      'the signatures of the name (DNSSEC) are not valid, by its clock or in truth',
      'the servers of the name itself are broken',
    ],
    try: [
      '`dig @{server} {host}`, and with `+cd`: if it answers then, it is the signatures',
      '`dig @1.1.1.1 {host}`: if it answers, the name server of this machine is at fault',
      'have this machine ask another: /etc/resolv.conf, then restart the runtime: `systemctl restart containerd`',
    ],
    allow: true,
  },
  'dns-refused': {
    step: 'dns',
    owner: 'the network',
    is: 'the name server does not want to answer this machine for {host}',
    because: [
      'it serves other networks than the one of this machine',
      'it answers for its own names alone, and looks up no others',
      'a filter has {host} on its list',
    ],
    try: [
      '`dig @{server} {host}`: what is its status?',
      'have it allow this machine, or ask another: /etc/resolv.conf, then restart the runtime: `systemctl restart containerd`',
    ],
    allow: true,
  },
  'dns-timeout': {
    step: 'dns',
    owner: 'the network',
    is: 'no name server answers, so that {host} cannot be looked up',
    because: [
      'a firewall drops what goes to port 53',
      '/etc/resolv.conf names a server that is gone, or one of another network',
      'the one on this machine itself is down: systemd-resolved, dnsmasq, NodeLocal DNSCache',
    ],
    try: [
      '`cat /etc/resolv.conf`, then `dig @{server} {host}` and `dig +tcp @{server} {host}`',
      'where it is on this machine itself: `systemctl status systemd-resolved`',
      'after a change of /etc/resolv.conf, restart the runtime: `systemctl restart containerd`',
    ],
    allow: true,
  },
  'dns-wrong-address': {
    step: 'dns',
    owner: 'the network',
    is: '{host} leads to another machine than it should',
    because: [
      'a line of /etc/hosts from earlier days',
      'a filter, or a portal that wants a login, answers for the name server',
      'one of the name servers has an old or another record',
    ],
    try: [
      '`grep -n {host} /etc/hosts`',
      '`getent ahosts {host}`, and `dig @1.1.1.1 {host}`: is that the same?',
      'after a change, restart the runtime: `systemctl restart containerd`',
    ],
  },
  'address-family': {
    step: 'connect',
    owner: 'the network',
    is: '{host} has no address of a family that this machine has',
    because: [
      'the registry has addresses of IPv6 alone, and this machine has none',
      'this machine, or its network, has lost IPv6',
      'this machine has IPv6 alone, and its network no NAT64 with DNS64',
    ],
    try: [
      '`getent ahosts {host}`, and what this machine has: `ip address; ip -6 route`',
      'give the machine an address of that family, or let it pull by a mirror or proxy that has both',
    ],
    allow: true,
  },
  refused: {
    step: 'connect',
    owner: 'the registry',
    is: '{host} answers, and nothing listens at port {port}',
    because: [
      'the registry is not running, or at another port',
      'a firewall refuses on its behalf',
      'the name leads to another machine than it should',
    ],
    try: ['`nc -vz {host} {port}`', '`getent ahosts {host}`: is that the machine?'],
    allow: true,
  },
  timeout: {
    step: 'connect',
    owner: 'the network',
    is: '{host} does not answer in time',
    because: [
      'a firewall drops what goes there without a word',
      'a proxy is needed, and the runtime does not know it',
      'small packets pass and large ones do not (MTU): the handshake or the download stalls',
      'the registry is overloaded',
    ],
    try: [
      '`curl -v --max-time 20 https://{host}:{port}/v2/`',
      'the proxy of the runtime: `systemctl show --property=Environment containerd docker crio`',
      'where the connection stands and then stalls: `ping -M do -s 1400 {host}`',
    ],
    allow: true,
  },
  unreachable: {
    step: 'connect',
    owner: 'the network',
    is: 'there is no way from this machine to {host}',
    because: [
      'this machine has no route there, or no network yet',
      'the name has an address of IPv6, and this machine has no IPv6',
      'a firewall says so on its behalf',
    ],
    try: ['`ip route get {address}`', '`curl -4 -v https://{host}:{port}/v2/`, and the same with `-6`'],
    allow: true,
  },
  reset: {
    step: 'connect',
    owner: 'the network',
    is: 'the connection to {host} was cut',
    because: [
      'a firewall or proxy that looks at the name in the handshake cuts what it does not allow',
      'the server, or a load balancer before it, ended it: overloaded, restarted, or idle for too long',
    ],
    try: [
      '`curl -v https://{host}:{port}/v2/`, several times: always, or now and then?',
      '`openssl s_client -connect {host}:{port} -servername {host} </dev/null`',
    ],
    allow: true,
  },
  http2: {
    step: 'http',
    owner: 'the network',
    is: '{host}, or what stands before it, broke the HTTP/2 connection off',
    because: [
      'a proxy or load balancer that inspects HTTP/2 has a limit or a fault',
      'the server is overloaded and sheds connections',
    ],
    try: [
      '`curl -v --http1.1 https://{host}:{port}/v2/`: does it work so?',
      'if it does, start the client with `GODEBUG=http2client=0`, and tell who owns the proxy',
    ],
  },
  'proxy-auth': {
    step: 'proxy',
    owner: 'this machine',
    is: 'the proxy wants a login',
    because: [
      "the proxy's URL in the settings of the runtime has no user and password, or old ones",
      'a character of the password is not percent-encoded',
    ],
    try: [
      '`systemctl show --property=Environment containerd docker crio`: HTTPS_PROXY=http://USER:PASSWORD@PROXY:PORT',
      'or have the proxy let {host} pass without one',
    ],
  },
  'proxy-denied': {
    step: 'proxy',
    owner: 'the network',
    is: 'the proxy does not allow {host}',
    because: [
      'its list of allowed hosts lacks {host}: registries send clients on to other hosts for blobs',
      'a mirror of your own network is asked through it: NO_PROXY lacks its name',
    ],
    try: [
      '`curl -v --proxy PROXY https://{host}:{port}/v2/`',
      'add {host} to what the proxy allows, or to NO_PROXY',
    ],
    allow: true,
  },
  'proxy-failed': {
    step: 'proxy',
    owner: 'the network',
    is: 'the proxy could not reach {host}',
    because: [
      'the proxy cannot look the name up, or its own firewall stops it',
      'a host of your own network is asked through it: NO_PROXY lacks its name',
    ],
    try: [
      '`curl -v --proxy PROXY https://{host}:{port}/v2/`',
      'for a host of your own network, add it to NO_PROXY of the runtime, and restart that',
    ],
    allow: true,
  },
  'proxy-invalid': {
    step: 'proxy',
    owner: 'this machine',
    is: 'the proxy of the settings is none',
    because: [
      'HTTPS_PROXY of the runtime is misspelt',
      'a character of its password is not percent-encoded: / is %2F, @ is %40, # is %23',
    ],
    try: [
      '`systemctl show --property=Environment containerd docker crio`, and `env | grep -i proxy` for a tool',
      'write http://USER:PASSWORD@PROXY:PORT; then `systemctl daemon-reload` and restart the runtime',
    ],
  },
  'proxy-untried': {
    step: 'proxy',
    owner: 'this machine',
    is: 'the way to {host} is a proxy by SOCKS, which is not tried here',
    because: ['HTTPS_PROXY of the runtime begins with socks5://'],
    try: ['`curl -v --proxy PROXY https://{host}:{port}/v2/`', 'or name a proxy by HTTP in its place'],
  },
  'proxy-unreachable': {
    step: 'proxy',
    owner: 'this machine',
    is: 'the proxy itself cannot be reached',
    because: ['HTTPS_PROXY of the runtime names a proxy that is gone, or misspelt', 'the proxy is down'],
    try: [
      '`systemctl show --property=Environment containerd docker crio`, and `env | grep -i proxy` for a tool',
      'correct it, or put {host} into NO_PROXY; then `systemctl daemon-reload` and restart the runtime',
    ],
  },
})
