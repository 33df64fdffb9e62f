#!/bin/sh
# Whether the work on a task is right: the exit code becomes its score.
case $1 in
T001) test -d bin ;;
T002) test "$(bin/greet Ann)" = "Hello, Ann!" ;;
T003) test "$(bin/greet)" = "Hello, world!" ;;
esac
