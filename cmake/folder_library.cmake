# wt_folder_library(NAME SOURCES … [USES other folders] [LIBS targets])
# One folder of the tree is one static library. Only what include/ declares is seen from outside of
# libwiretape; tests link the folders, and see all.
set_property(GLOBAL PROPERTY WT_FOLDERS "")

function(wt_folder_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LIBS" ${ARGN})
  add_library(wt_${name} STATIC ${ARG_SOURCES})
  set_target_properties(wt_${name} PROPERTIES C_VISIBILITY_PRESET hidden)
  target_include_directories(wt_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  foreach(folder IN LISTS ARG_USES)
    target_link_libraries(wt_${name} PUBLIC wt_${folder})
  endforeach()
  target_link_libraries(wt_${name} PRIVATE ${ARG_LIBS})
  set_property(GLOBAL APPEND PROPERTY WT_FOLDERS ${name})
  set_property(GLOBAL APPEND PROPERTY WT_LIBS ${ARG_LIBS})
endfunction()
