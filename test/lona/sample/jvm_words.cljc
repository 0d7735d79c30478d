;; A file as libraries for Clojure and ClojureScript are written: branches for these two only, classes of the JVM.  portable_test
;; loads it.
(ns test.lona.sample.jvm-words
  (:require [clojure.string :as str])
  #?(:clj (:import [java.util HashMap Date]
                   java.net.URI)))

(definterface Shape (area []))

(defmacro bump! [place by] `(set! ~place (+ ~place ~by)))
(defmacro unless [c & body] `(when-not ~c ~@body))

(defprotocol Counter (step! [c n]) (value [c]))

(deftype Tally [^:unsynchronized-mutable n ^:volatile-mutable seen label]
  Counter
  (step! [this by]
    (unless (neg? by)
      (bump! n by)
      (set! seen (conj seen by)))
    this)
  (value [_] (let [n (inc n)] [(dec n) seen label (mapv (fn [seen] seen) [1])]))
  Shape
  (area [_] (* n n)))

(defn to-map [kvs] (let [m #?(:clj (HashMap.) :cljs (js-obj))] m))
(defn uri? [x] (instance? #?(:clj URI :cljs goog.Uri) x))
(defn started [] (loop [n #?(:clj (Long/valueOf 1) :cljs 1), left 3] (if (zero? left) n (recur (* n 2) (dec left)))))
(defn guarded [f] (try (f) (catch #?(:clj java.net.URISyntaxException :cljs js/Error) _ :uri) (catch #?(:clj Exception :cljs :default) _ :other)))
(defn env [k] (URI/create k))
(defn shout [s] #?(:clj (.toUpperCase ^String s) :cljs (str/upper-case s)))
(def platform #?(:clj :jvm-like :cljs :js))
(def preferred #?(:clj :jvm :default :any))
(def own #?(:clj :jvm :lona :lona))
(def spliced [#?@(:clj [1 2] :cljs [3])])
(extend-protocol Counter
  #?(:clj java.net.URI :cljs goog.Uri) (step! [_ _] nil) (value [_] :uri)
  #?(:clj String :cljs string) (step! [_ _] nil) (value [s] (str/reverse s)))
