#!/bin/sh
# Stands in for an agent that does one task. At the first attempt at T003 it does nothing,
# and says that it is done.
case $1 in
T001) mkdir -p bin ;;
T002) printf '#!/bin/sh\necho "Hello, $1!"\n' >bin/greet && chmod +x bin/greet ;;
T003) [ -e .tried ] && printf '#!/bin/sh\necho "Hello, ${1:-world}!"\n' >bin/greet || touch .tried ;;
esac
echo "agent: $1 is done"
