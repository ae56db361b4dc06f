using System.Reflection;
using System.Xml.Linq;

namespace FleetOps.CrdGenerator;

/// <summary>The summaries of an assembly's documentation comments.</summary>
internal sealed class XmlDocumentation
{
    private readonly IReadOnlyDictionary<string, string> _summaries;

    private XmlDocumentation(IReadOnlyDictionary<string, string> summaries) => _summaries = summaries;

    /// <exception cref="FileNotFoundException">The assembly was built without its documentation file.</exception>
    public static XmlDocumentation Of(Assembly assembly)
    {
        var file = Path.ChangeExtension(assembly.Location, ".xml");
        return new(XDocument.Load(file).Descendants("member").ToDictionary(
            m => m.Attribute("name")!.Value, m => Text(m.Element("summary")), StringComparer.Ordinal));
    }

    public string Summary(Type type) => Find("T:" + type.FullName);

    public string Summary(MemberInfo property) => Find($"P:{property.DeclaringType!.FullName}.{property.Name}");

    private string Find(string id) =>
        _summaries.TryGetValue(id, out var text) && text.Length > 0
            ? text
            : throw new InvalidOperationException($"{id} has no <summary>, from which its description in the CRD is taken: write one.");

    private static string Text(XElement? element) =>
        string.Join(' ', (element?.Value ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
