using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using FleetOps.Api.Schema;
using k8s.Models;

namespace FleetOps.CrdGenerator;

/// <summary>A CustomResourceDefinition (apiextensions.k8s.io/v1) made from an annotated type.</summary>
internal static class CustomResourceDefinition
{
    public static JsonObject For<T>(JsonTypeInfo<T> contract, XmlDocumentation documentation)
    {
        var type = typeof(T);
        var entity = type.GetCustomAttribute<KubernetesEntityAttribute>()!;
        return new()
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject { ["name"] = $"{entity.PluralName}.{entity.Group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = entity.Group,
                ["scope"] = "Namespaced",
                ["names"] = Names(type, entity),
                ["versions"] = new JsonArray(new JsonObject
                {
                    ["name"] = entity.ApiVersion,
                    ["served"] = true,
                    ["storage"] = true,
                    ["additionalPrinterColumns"] = PrinterColumns(type),
                    ["subresources"] = Subresources(type),
                    ["schema"] = new JsonObject { ["openAPIV3Schema"] = Schema(contract, documentation) },
                }),
            },
        };
    }

    private static JsonObject Names(Type type, KubernetesEntityAttribute entity)
    {
        var names = new JsonObject
        {
            ["kind"] = entity.Kind,
            ["listKind"] = entity.Kind + "List",
            ["plural"] = entity.PluralName,
            ["singular"] = entity.Kind.ToLowerInvariant(),
        };
        if (type.GetCustomAttribute<ResourceNamesAttribute>() is { } extra)
        {
            names["shortNames"] = new JsonArray(extra.ShortName);
            names["categories"] = new JsonArray(extra.Category);
        }

        return names;
    }

    private static JsonArray PrinterColumns(Type type)
    {
        var columns = new JsonArray();
        foreach (var column in type.GetCustomAttributes<PrinterColumnAttribute>())
        {
            var json = new JsonObject
            {
                ["name"] = column.Name,
                ["type"] = column.Type,
                ["jsonPath"] = column.JsonPath,
                ["description"] = column.Description,
            };
            if (column.Wide)
            {
                json["priority"] = 1;
            }

            columns.Add(json);
        }

        return columns;
    }

    private static JsonObject Subresources(Type type)
    {
        var subresources = new JsonObject { ["status"] = new JsonObject() };
        if (type.GetCustomAttribute<ScaleSubresourceAttribute>() is { } scale)
        {
            subresources["scale"] = new JsonObject
            {
                ["specReplicasPath"] = scale.SpecReplicasPath,
                ["statusReplicasPath"] = scale.StatusReplicasPath,
                ["labelSelectorPath"] = scale.LabelSelectorPath,
            };
        }

        return subresources;
    }

    private static JsonObject Schema<T>(JsonTypeInfo<T> contract, XmlDocumentation documentation)
    {
        var structural = new StructuralSchema(contract.Options, documentation);
        var properties = new JsonObject
        {
            ["apiVersion"] = new JsonObject
            {
                ["description"] = "Group and version of this object's form, as in fleetops.dev/v1alpha1.",
                ["type"] = "string",
            },
            ["kind"] = new JsonObject { ["description"] = "The kind of this object.", ["type"] = "string" },
            ["metadata"] = new JsonObject { ["type"] = "object" },
        };
        foreach (var property in contract.Properties.Where(p => p.Name is "spec" or "status"))
        {
            var schema = structural.Of(property.PropertyType);
            schema.Insert(0, "description", documentation.Summary((MemberInfo)property.AttributeProvider!));
            properties[property.Name] = schema;
        }

        return new()
        {
            ["description"] = documentation.Summary(typeof(T)),
            ["type"] = "object",
            ["required"] = new JsonArray("spec"),
            ["properties"] = properties,
        };
    }
}
