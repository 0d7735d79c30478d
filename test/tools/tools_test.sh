#!/usr/bin/env bash
# The command line as scripts use it: outputs and exit codes.  Last line: "N passed, N failed".
set -u
# shellcheck source=test/support/program.sh
. "$(dirname "$0")/../support/program.sh"

# expect WHAT CODE OUTPUT COMMAND...: OUTPUT is a bash pattern for standard output and error together
expect() {
    local what=$1 code=$2 pattern=$3 output got
    shift 3
    output=$(timeout 60 "$@" 2>&1 </dev/null)
    got=$?
    # shellcheck disable=SC2053
    if [ "$got" -eq "$code" ] && [[ $output == $pattern ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $what: code $got (wanted $code), output:"
        echo "$output"
    fi
}

expect "an expression" 0 '3' "$LONA" -e '(+ 1 2)'
expect "values print readably" 0 '\["a" \\b :c nil 1/2 1.5\]' "$LONA" -e '["a" \b :c nil 1/2 1.5]'
expect "the last of several" 0 '2' "$LONA" -e '1 2'
expect "nothing" 0 'nil' "$LONA" -e ''
expect "an error" 1 '*:arithmetic-error*' "$LONA" -e '(/ 1 0)'
expect "an unknown name" 1 '*-e:1:2*prinltn*did you mean*println*^*' "$LONA" -e '(prinltn 1)'
expect "an open bracket" 1 '*-e:1:*:syntax-error*' "$LONA" -e '(+ 1'
expect "help" 0 '*lona FILE*' "$LONA" --help
expect "help of a command" 0 'lona test*' "$LONA" test --help
expect "version" 0 'lona [0-9]*' "$LONA" --version
expect "an unknown option" 2 '*unknown option --nope*--help*' "$LONA" --nope
expect "commands beside the language are listed" 0 '*lona module *' "$LONA" --help
expect "a number that is none" 2 '*--schedulers=x is not a number*' "$LONA" --schedulers=x -e 1
expect "--dump of nothing" 2 '*needs -e or a file*' "$LONA" --dump=read
expect "-e without an expression" 2 '*needs an expression*' "$LONA" -e
expect "a missing file" 1 '*not-found*nowhere.lona-s*' "$LONA" nowhere.lona-s

cat >hello.lona-s <<'L'
(ns hello)
(defn -main [& names]
  (doseq [n names] (println "Hello," n))
  (halt (count names)))
L
expect "a script with arguments" 2 $'Hello, Ada\nHello, Alan' "$LONA" hello.lona-s Ada Alan
printf '#!%s\n(println *command-line-args*)\n' "$LONA" >script && chmod +x script
expect "a script that runs itself" 0 '\(a b)' ./script a b
expect "an expression with arguments" 0 '\("x")' "$LONA" -e '*command-line-args*' x
cat >calls.lona-s <<'L'
(ns calls)
(defn f [x]
  (inc (+ x :a)))
(defn -main [& args]
  (str "a" (f 1)))
L
expect "an error shows the calls that led to it" 1 \
    $'calls.lona-s:3:8: error: :type-error*\n    (inc (+ x :a)))\n         ^\n*    in calls/f (calls.lona-s:3)\n    in calls/-main (calls.lona-s:5)' \
    "$LONA" calls.lona-s
printf '(println 1)\n(foo' >broken.lona-s
expect "a broken script says where" 1 $'*broken.lona-s:2:5*starts at line 2, column 1*' "$LONA" broken.lona-s
printf '(ns deep)\n(defn f [x]\n  (inc x))\n(f :a)\n' >runtime.lona-s
expect "a run-time error says where" 1 '*type-error*' "$LONA" runtime.lona-s

mkdir t
cat >t/good_test.lona-s <<'L'
(ns good-test (:require [lona.test :refer [deftest is]]))
(deftest one (is (= 1 1)) (is (= 2 2)))
L
cat >t/portable_test.cljc <<'L'
(ns portable-test
  (:require [clojure.test :refer [deftest is are testing]]
            [clojure.string :as str]
            [clojure.set :as set]))
(deftest strings
  (testing "upper case" (is (= "ABC" (str/upper-case "abc"))))
  (are [x y] (= x y) #{1 2} (set/union #{1} #{2}) 3 #?(:clj 0 :lona 3 :default 4)))
L
expect "tests that pass" 0 $'*5 passed, 0 failed' "$LONA" test t
cat >t/bad_test.lona-s <<'L'
(ns bad-test (:require [lona.test :refer [deftest is]]))
(deftest two (is (= 1 2)) (is (= 1 1)) (is (thrown? Exception (throw (ex-info "x" {})))))
L
expect "a test that fails" 1 $'*7 passed, 1 failed' "$LONA" test t
echo '(((' >t/unreadable.lona-s
expect "a test file that does not load" 1 $'*7 passed, 2 failed' "$LONA" test t

printf '(defn f [x]\n(inc\n   x))   \n\n' >layout.lona-s
expect "fmt --check" 1 'would change: layout.lona-s' "$LONA" fmt --check layout.lona-s
expect "fmt" 0 'formatted: layout.lona-s' "$LONA" fmt layout.lona-s
expect "fmt once more" 0 '' "$LONA" fmt --check layout.lona-s
expect "what fmt wrote" 0 $'(defn f \\[x\\]\n  (inc\n   x))' cat layout.lona-s

# the cache of compiled files: used when it holds (then nothing is expanded), and never when it is stale or damaged
mkdir lib && cat >lib/dep.lona-s <<'L'
(ns lib.dep)
(defmacro m [] (do (println "expands") :first))
L
cat >cached.lona-s <<'L'
(ns cached (:require [lib.dep :as d]))
(defn f "doc" [x] (d/m))
(println (f 1) (:line (provenance f)))
L
expect "a file is compiled and kept" 0 $'expands\n:first 2' "$LONA" --cache=kept cached.lona-s
expect "both files are kept" 0 '2' bash -c 'ls kept | wc -l'
expect "it loads again" 0 ':first 2' "$LONA" --cache=kept cached.lona-s
expect "nothing was added" 0 '2' bash -c 'ls kept | wc -l'
sed -i 's/:first/:second/' lib/dep.lona-s
expect "a macro it used has changed" 0 $'expands\n:second 2' "$LONA" --cache=kept cached.lona-s
expect "and is kept as it is now" 0 ':second 2' "$LONA" --cache=kept cached.lona-s
for f in kept/*; do printf x | dd of="$f" bs=1 seek=200 conv=notrunc 2>/dev/null; done
expect "damaged files are no files" 0 $'expands\n:second 2' "$LONA" --cache=kept cached.lona-s
for f in kept/*; do head -c 100 "$f" >"$f.cut" && mv "$f.cut" "$f"; done
expect "nor are cut ones" 0 $'expands\n:second 2' "$LONA" --cache=kept cached.lona-s
expect "a folder that cannot be" 0 $'expands\n:second 2' "$LONA" --cache=/proc/nowhere cached.lona-s
expect "what a definition came from" 0 '*\(defn f*' "$LONA" --cache=kept -e '(load-file "cached.lona-s") (println (source cached/f))'

echo '(ns other (:require [lib.dep :as d])) (println (d/m))' >other.lona-s
at_prompt() { printf '%s\n(load-file "other.lona-s")\n' "$1" | timeout 60 "$LONA" --cache=prompted; }
export -f at_prompt
export LONA
expect "a file loaded after a function was defined at the prompt" 0 $'*expands\n:second\n*' bash -c "at_prompt '(defn g [] 1)'"
expect "and again, after the same one" 0 $'#\'user/g\n:second\nnil' bash -c "at_prompt '(defn g [] 1)'"
expect "after another one" 0 $'*expands\n:second\n*' bash -c "at_prompt '(defn g [] 2)'"
expect "after something that may be anything" 0 $'*expands\n:second\n*' bash -c "at_prompt '(def g (rand))'"
expect "that is never kept" 0 $'*expands\n:second\n*' bash -c "at_prompt '(def g (rand))'"

expect "doc of a function" 0 '*lona.core/map*' "$LONA" doc map
expect "doc of a special form" 0 '*\(if test then else?)*' "$LONA" doc if
expect "doc of nothing" 1 '*nothing is known of nonsense-name*' "$LONA" doc nonsense-name
expect "dump of the reader" 0 '*\(when a b)*' "$LONA" --dump=read -e "(quote (when a b))"
expect "dump of the expander" 0 '*\(if 1 *' "$LONA" --dump=expand -e "(when 1 2)"
expect "dump of the compiler" 0 '*ret*' "$LONA" --dump=bytecode -e "(fn [x] (+ x 1))"
expect "dump of nonsense" 2 '*--dump knows*' "$LONA" --dump=smell -e 1

# Ctrl-C outside raw mode: the first time a condition, so that cleanup runs; at the prompt only the evaluation ends
cat >endless.lona-s <<'L'
(try (spit "running" "") (loop [] (recur)) (finally (println "cleaned up")))
L
export LONA
await() { for _ in $(seq 200); do [ -e "$1" ] && return; sleep 0.05; done; echo "no $1"; }
interrupt() { "$@" & local pid=$!; await running; kill -INT $pid; wait $pid; local code=$?; rm -f running; return $code; }
export -f await interrupt
expect "an interrupted script" 130 'cleaned up' bash -c 'interrupt "$LONA" endless.lona-s'
cat >stubborn.lona-s <<'L'
(loop [] (try (spit "running" "") (loop [] (recur)) (catch :interrupted _ (spit "caught" ""))) (recur))
L
twice() { "$@" & local pid=$!; await running; kill -INT $pid; await caught; kill -INT $pid; wait $pid; local code=$?; rm -f running; return $code; }
export -f twice
expect "a script that goes on when it is interrupted" 130 '' bash -c 'twice "$LONA" stubborn.lona-s'
mkfifo input
prompt() { "$LONA" <input & local pid=$!; exec 7>input; echo '(do (spit "running" "") (loop [] (recur)))' >&7; await running
    kill -INT $pid; sleep 0.3; echo '(+ 20 22)' >&7; exec 7>&-; wait $pid; local code=$?; rm -f running; return $code; }
export -f prompt
expect "an interrupted evaluation at the prompt" 0 $'*interrupted*\n42' bash -c prompt

# Output that nobody takes holds up who writes it and nobody else
cat >flood.lona-s <<'L'
(def writer (spawn (fn [] (print (apply str (repeat 1000000 "x"))) (spit "written" ""))))
(sleep 100)
(spit "alive" "")
(let [r (monitor writer)] (receive [:down ~r _ _] nil))
L
flood() { "$LONA" --schedulers=1 flood.lona-s | { sleep 1; [ -e alive ] && ! [ -e written ] && echo alive; wc -c; }; }
export -f flood
expect "a full pipe" 0 $'alive\n1000000' bash -c flood

# A call that cannot succeed is warned of; what is not known, or may be meant, is not
cat >calls.lona-s <<'L'
(defn f ([a] a) ([a b] b))
(defn g [a & more] more)
(defn h []
  (f 1) (f 1 2) (g 1 2 3)
  (f 1 2 3)
  (g) (subs "x"))
(defn k [f] (f 1 2 3))
(def table {:a 1})
(println (table :a) (k vector))
L
expect "wrong numbers of arguments" 0 $'calls.lona-s:5:3: warning: *f takes 1 or 2 arguments, not 3\ncalls.lona-s:6:3: warning: *g takes 1 or more arguments, not 0\ncalls.lona-s:6:7: warning: subs takes 2 or 3 arguments, not 1\n1 \[1 2 3\]' \
    "$LONA" calls.lona-s

# On one scheduler another process runs in the middle of what takes long
cat >turns.lona-s <<'L'
(defn runs-beside [what least f]
  (let [ran (atom 0), p (spawn (fn [] (loop [] (swap! ran inc) (sleep 0) (recur))))]
    (sleep 5)
    (let [before @ran, r (f), n (- @ran before)]
      (exit p :kill)
      (println what (if (<= least n) "in turns" n))
      r)))
(let [form (apply list 'do (map (fn [i] (list 'lona.core/f 'lona.core/x i)) (range 20000)))
      unit (runs-beside "compile" 5 (fn [] (-compile form)))]
  (runs-beside "load" 1 (fn [] (-load-unit unit)))
  (runs-beside "disassemble" 5 (fn [] (-disassemble unit))))
(let [a (runs-beside "make-array" 5 (fn [] (make-array 2000000)))]
  (runs-beside "aclone" 5 (fn [] (aclone a))))
(let [make (fn [order] (into (sorted-map-by order) (map (fn [i] [i i]) (range 30000)))), a (make >), b (make (fn [x y] (< x y)))]
  (runs-beside "compare" 5 (fn [] (= a b))))
L
expect "long steps" 0 $'compile in turns\nload in turns\ndisassemble in turns\nmake-array in turns\naclone in turns\ncompare in turns' \
    "$LONA" --schedulers=1 turns.lona-s

output=$(printf '(+ 1 2)\n(str "a"\n "b")\n' | timeout 60 "$LONA")
if [[ $output == $'3\n"ab"' ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL a pipe: $output"; fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
