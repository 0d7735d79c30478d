#!/usr/bin/env bash
# Input made to do harm: each must end in a condition, in time, with the rest of the system alive.
# Last line: "N passed, N failed".
set -u
# shellcheck source=test/support/program.sh
. "$(dirname "$0")/../support/program.sh"

# expect WHAT SECONDS OUTPUT-PATTERN EXPRESSION: must print it and end with code 0 or 1 in time
expect() {
    local what=$1 seconds=$2 pattern=$3 output code
    output=$(timeout "$seconds" "$LONA" -e "$4" 2>&1 </dev/null | tail -c 2000; exit "${PIPESTATUS[0]}")
    code=$?
    # shellcheck disable=SC2053
    if [ "$code" -le 1 ] && [[ $output == $pattern ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $what: code $code, output: $(printf %s "$output" | tail -c 600)"
    fi
}

expect "recursion without end" 60 ':stack-overflow' \
    '(defn f [x] (inc (f x))) (handler-case (f 1) (:stack-overflow c (:type c)))'
expect "allocation without end kills only its process" 60 '\[:down :out-of-memory :alive\]' \
    '(defn eat [xs] (eat (conj xs (vec (range 1000)))))
     (let [[pid r] (spawn-monitor (fn [] (eat [])) [] {:max-heap 20000000})
           down (receive [:down ~r _ reason] (if (map? reason) (:type reason) reason))]
       [:down down :alive])'
expect "a domain at its memory limit" 60 ':out-of-memory' \
    '(defn eat [xs] (eat (conj xs (vec (range 1000)))))
     (let [pid (spawn eat [[]] {:domain "greedy" :memory-limit (megabytes 16)})
           r (monitor pid)]
       (receive [:down ~r _ reason] (if (map? reason) (:type reason) reason)))'
expect "a slow regular expression" 30 'nil' '(re-matches #"(a*)*b" (apply str (repeat 5000 "a")))'
expect "deep nesting is read or refused" 60 '*' \
    '(handler-case (do (read-string (str (apply str (repeat 1000000 "[")) (apply str (repeat 1000000 "]")))) :read) (:error c (:type c)))'
expect "deep nesting is compared" 60 'true' \
    '(let [deep (fn [] (reduce (fn [x _] [x]) nil (range 1000000)))] (= (deep) (deep)))'
expect "deep nesting is hashed" 60 'true' \
    '(let [deep (fn [] (reduce (fn [x _] [x]) nil (range 1000000)))] (= (hash (deep)) (hash (deep))))'
expect "deep nesting is printed" 60 '2000003' \
    '(count (pr-str (reduce (fn [x _] [x]) nil (range 1000000))))'
expect "deep nesting is sent" 60 'true' \
    '(let [deep (reduce (fn [x _] [x]) nil (range 1000000))] (send (self) deep) (receive x (= x deep)))'
expect "deep nesting is compiled or refused" 60 ':too-deep' \
    '(handler-case (eval (reduce (fn [x _] (list (quote inc) x)) 1 (range 100000))) (:error c (:type c)))'
expect "printing an endless sequence stops at its limit" 30 '\(0 1 2 ...)*' \
    '(binding [*print-length* 3] (println (range)))'
expect "an endless sequence can be killed while it prints" 30 ':killed' \
    '(let [[pid r] (spawn-monitor (fn [] (pr-str (range))) [] {:max-heap 50000000})]
       (sleep 100) (exit pid :kill) (receive [:down ~r _ _] :killed))'
expect "an atom that holds itself cannot be made to hang printing" 30 '*' \
    '(let [a (atom nil)] (reset! a [1]) (pr-str a))'
expect "a huge product does not delay others" 60 'true' \
    '(let [n (reduce * (repeat 20000 123456789012345678901234567890))
           me (self)]
       (spawn (fn [] (* n n) (send me :product)))
       (let [t0 (monotonic-ns)] (sleep 5) (< (- (monotonic-ns) t0) 100000000)))'
expect "sorting a million does not delay others" 60 'true' \
    '(let [xs (vec (shuffle (range 1000000))) me (self)]
       (spawn (fn [] (sort xs)))
       (let [t0 (monotonic-ns)] (sleep 5) (< (- (monotonic-ns) t0) 100000000)))'
expect "a message flood leaves others alive" 60 ':alive' \
    '(let [sink (spawn (fn [] (receive :never :ok)) [] {:max-heap 50000000})]
       (spawn (fn [] (dotimes [i 300000] (send sink [i i i])))) (sleep 200) (exit sink :kill) :alive)'
expect "a million processes come and go" 120 ':alive' \
    '(dotimes [_ 1000000] (spawn (fn [] :ok))) :alive'
expect "a million redefinitions leave memory flat" 120 'true' \
    '(defn f [] 0)
     (dotimes [i 1000] (eval (list (quote defn) (quote f) [] i)))
     (garbage-collect)
     (let [before (:resident-bytes (system-info))]
       (dotimes [i 200000] (eval (list (quote defn) (quote f) [] i)))
       (garbage-collect)
       (< (- (:resident-bytes (system-info)) before) 20000000))'
head -c 200000 /dev/urandom >noise.lona-s
output=$(timeout 30 "$LONA" noise.lona-s 2>&1 </dev/null)
if [ $? -eq 1 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL noise: ${output: -300}"; fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
