#pragma once
#include <map>
#include <type_traits>
#include <typeindex>
#include <typeinfo>

namespace florin::modules {

/// What modules are built over, by type: the database, the clock, metrics, settings, and the
/// facades of the modules before them. The services outlive this object. Built by one thread,
/// then read by any.
class Services {
 public:
  /// Each type once.
  template <class T>
  void provide(T& service) {
    put(typeid(T), {&service, std::is_const_v<T>});
  }
  /// For a service whose type is known as a value alone; it is found as const.
  void provide(std::type_index type, const void* service) { put(type, {service, true}); }
  /// Null when there is none. A service that was provided as const is found as const alone.
  template <class T>
  T* find() const {
    const auto found = entries_.find(typeid(T));
    if (found == entries_.end() || (found->second.is_const && !std::is_const_v<T>)) return nullptr;
    return static_cast<T*>(const_cast<void*>(found->second.service));
  }
  /// A service that is missing is a fault of the order of modules: the process ends and names it.
  template <class T>
  T& get() const {
    T* const found = find<T>();
    if (!found) end_for_missing(typeid(T));
    return *found;
  }

 private:
  struct Entry {
    const void* service;
    bool is_const;
  };
  void put(std::type_index type, Entry entry);
  [[noreturn]] static void end_for_missing(std::type_index type);

  std::map<std::type_index, Entry> entries_;
};

}  // namespace florin::modules
