;; A portable file as they are written for Clojure: namespace_test loads it.
(ns test.lona.sample.portable
  "A portable namespace."
  (:refer-clojure :exclude [update])
  (:require [clojure.string :as str :refer [join]]
            [clojure.set :as set]
            #?(:clj [clojure.java.io :as io]))
  #?(:clj (:import [java.util Date])))

(def ^:private secret 42)
(def ^:dynamic *level* 0)
(defn update [x] [:mine x])
(defn shout "Joins and shouts." [s] (str/upper-case (join "-" s)))
(defmacro twice [x] `(do ~x ~x))
(defn- hidden [] secret)
(defn reveal [] (hidden))
(defprotocol Shape (area [this]) (scale [this k]))
(defrecord Square [side]
  Shape
  (area [_] (* side side))
  (scale [this k] (update-in this [:side] * k)))
(defn platform [] #?(:clj :clj :cljs :cljs :lona :lona :default :other))
(defn checked [x]
  (when-not (number? x)
    (throw (IllegalArgumentException. (str "not a number: " x))))
  x)
