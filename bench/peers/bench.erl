%% The Erlang side of the benchmarks.  Usage: erl -noshell -s bench main NAME SIZE
%% Prints one number: nanoseconds an operation (or what the table says of the benchmark).
-module(bench).
-export([main/1, idle/0, pong/0, echo/0, hop/1, busy/0, sup_child/0]).

main([Name, Size]) ->
    N = list_to_integer(atom_to_list(Size)),
    io:format("~.2f~n", [float(run(Name, N))]),
    halt(0).

timed(N, F) ->
    T0 = erlang:monotonic_time(nanosecond),
    F(),
    (erlang:monotonic_time(nanosecond) - T0) / N.

idle() -> receive stop -> ok end.
pong() -> receive {P, X} -> P ! X, pong(); stop -> ok end.
echo() -> receive {P, X} -> P ! X, echo() end.
hop(Next) -> receive 0 -> Next ! 0; K -> Next ! (K - 1), hop(Next) end.
busy() -> busy().
repeat(0, _) -> ok;
repeat(N, F) -> F(), repeat(N - 1, F).

run(spawn, N) ->
    T = timed(N, fun() -> repeat(N, fun() -> spawn(?MODULE, idle, []) end) end), T;
run(spawn_exit_monitor, N) ->
    timed(N, fun() -> repeat(N, fun() ->
        {_, R} = spawn_monitor(fun() -> ok end),
        receive {'DOWN', R, _, _, _} -> ok end end) end);
run(idle_bytes, N) ->
    Before = erlang:memory(total),
    repeat(N, fun() -> spawn(?MODULE, idle, []) end),
    timer:sleep(200),
    (erlang:memory(total) - Before) / N;
run(live_rss_mb, N) ->
    repeat(N, fun() -> spawn(?MODULE, idle, []) end),
    timer:sleep(200),
    rss_mb();
run(ping_pong, N) ->
    P = spawn(?MODULE, pong, []),
    S = self(),
    timed(N, fun() -> repeat(N, fun() -> P ! {S, x}, receive x -> ok end end) end);
run(ring_hop, N) ->
    First = self(),
    Last = lists:foldl(fun(_, Next) -> spawn(?MODULE, hop, [Next]) end, First, lists:seq(1, 1000)),
    timed(N, fun() -> Last ! N, ring(Last) end);
run(echo_list, N) ->
    P = spawn(?MODULE, echo, []),
    S = self(),
    L = lists:seq(1, 1000),
    timed(N, fun() -> repeat(N, fun() -> P ! {S, L}, receive [_|_] -> ok end end) end);
run(echo_binary, N) ->
    P = spawn(?MODULE, echo, []),
    S = self(),
    B = binary:copy(<<7>>, 1000000),
    timed(N, fun() -> repeat(N, fun() -> P ! {S, B}, receive X when is_binary(X) -> ok end end) end);
run(busy_p99, N) ->
    P = spawn(?MODULE, pong, []),
    S = self(),
    repeat(20, fun() -> spawn(?MODULE, busy, []) end),
    Times = [timed(1, fun() -> P ! {S, x}, receive x -> ok end end) || _ <- lists:seq(1, N)],
    lists:nth(max(1, N * 99 div 100), lists:sort(Times));
run(map_insert, N) ->
    timed(N, fun() -> insert(0, N, #{}) end);
run(map_lookup, N) ->
    M = insert(0, N, #{}),
    timed(N, fun() -> lookup(0, N, M, 0) end);
run(fib, N) ->
    timed(1, fun() -> fib(N) end);
run(loop_sum, N) ->
    timed(N, fun() -> sum(0, N, 0) end);
run(float_loop, N) ->
    timed(N, fun() -> floats(0, N, 0.0, 1.0) end);
run(string_build, N) ->
    timed(N, fun() -> build(0, N, []) end);
run(gc_pause, N) ->
    Self = self(),
    erlang:trace_pattern({'_', '_', '_'}, false, []),
    P = spawn(fun() -> live(Self, N) end),
    receive {ready, P} -> ok end,
    receive {pause, T} -> T end;
run(supervisor_restart, N) ->
    S = self(),
    register(bench_main, S),
    Sup = spawn(fun() -> process_flag(trap_exit, true), one_for_one(undefined) end),
    receive {up, First} -> ok end,
    {_, Total} = lists:foldl(fun(_, {Child, Acc}) ->
        T0 = erlang:monotonic_time(nanosecond),
        exit(Child, boom),
        receive {up, Next} -> {Next, Acc + erlang:monotonic_time(nanosecond) - T0} end
    end, {First, 0}, lists:seq(1, N)),
    exit(Sup, kill),
    Total / N.

one_for_one(_) ->
    C = spawn_link(?MODULE, sup_child, []),
    receive {'EXIT', C, _} -> one_for_one(C) end.
sup_child() -> bench_main ! {up, self()}, receive stop -> ok end.

ring(Next) -> receive 0 -> ok; K when K =< 1000 -> ok; K -> Next ! (K - 1), ring(Next) end.
insert(N, N, M) -> M;
insert(I, N, M) -> insert(I + 1, N, M#{(I * 7919) rem 100000007 => I}).
lookup(N, N, _, S) -> S;
lookup(I, N, M, S) -> lookup(I + 1, N, M, S + maps:get((I * 7919) rem 100000007, M)).
fib(N) when N < 2 -> N;
fib(N) -> fib(N - 1) + fib(N - 2).
sum(N, N, S) -> S;
sum(I, N, S) -> sum(I + 1, N, S + I * 3 rem 7).
floats(N, N, S, _) -> S;
floats(I, N, S, X) -> floats(I + 1, N, S + X * 0.5, X * 1.0000001 - S * 1.0e-9).
build(N, N, Acc) -> iolist_to_binary(lists:reverse(Acc));
build(I, N, Acc) -> build(I + 1, N, [integer_to_list(I), $, | Acc]).

%% A process with N live elements in a map: the longest of 20 forced full collections.
live(Main, N) ->
    M = insert(0, N, #{}),
    Main ! {ready, self()},
    erlang:garbage_collect(),
    Longest = lists:max([timed(1, fun() -> erlang:garbage_collect() end) || _ <- lists:seq(1, 20)]),
    Main ! {pause, Longest},
    maps:size(M).

rss_mb() ->
    {ok, B} = file:read_file("/proc/self/status"),
    {match, [K]} = re:run(B, "VmRSS:\\s+(\\d+)", [{capture, all_but_first, list}]),
    list_to_integer(K) / 1024.
