//! Why plugins were not loaded, by whose fault it is.

/// A set of plugins that was refused. The text is one line for the log and names file and line where there is one.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// plugins.cf, or a parameter in main.cf, is wrong. The text begins with the file and line.
    #[error("{0}")]
    Configuration(String),
    /// A component needs a grant that plugins.cf does not give.
    #[error(
        "{place}: plugin {plugin} imports {import}, which needs a grant: add `    -o grant={grants}` to the entry of {plugin} in plugins.cf"
    )]
    Grant { place: String, plugin: String, import: String, grants: String },
    /// A component is no plugin, or describes itself wrongly.
    #[error("{place}: plugin {plugin}: {text}")]
    Component { place: String, plugin: String, text: String },
    /// The server could not do its part: engine, disk, memory.
    #[error("plugin host: {0}")]
    Server(String),
}
